//! The status page in a real browser, as wide as a phone and as a desk, in light and in dark: it loads whole, complains
//! of nothing, and fits. Without chromium, which scripts/setup --tests installs, it cannot be checked and fails.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tests::{http, process::run_well, purchase::order, sandbox::OWNER_BOT, settings::OWNER, shop::Shop};

use crate::shelves::{NAME, stocked};

const BROWSER_LIMIT: Duration = Duration::from_secs(120);
/// No window of chromium's is as narrow as a phone: the page is shown in a frame of that width, and says what of it does not
/// fit. `{page}` and `{width}` are filled in.
const FRAMED: &str = r#"<!doctype html><meta charset="utf-8"><pre id="told">not measured</pre>
<iframe id="frame" style="border:0;width:{width}px;height:6000px" srcdoc="{page}"></iframe>
<script>
onload = () => {
  const page = document.getElementById("frame").contentDocument;
  const all = [page.documentElement, ...page.querySelectorAll("section, div, table, li, dl")];
  const wide = all.filter((one) => one.scrollWidth > one.clientWidth);
  const named = (one) => `${one.tagName} ${one.className} ${one.scrollWidth} > ${one.clientWidth}: ${one.textContent.slice(0, 60)}`;
  document.getElementById("told").textContent =
    `${page.querySelectorAll("table").length} tables of ${page.documentElement.clientWidth} px; wide: [${wide.map(named).join("; ")}]`;
};
</script>"#;
const STYLESHEET: &str = "<link rel=\"stylesheet\" href=\"/style.css\">";
/// A screenshot of an empty window is smaller.
const SCREENSHOT_BYTES_MIN: u64 = 20_000;

struct Browser<'a> {
    folder: &'a Path,
    url: String,
}

impl Browser<'_> {
    fn command(&self, width: u32, is_dark: bool) -> Command {
        let mut command = Command::new("chromium");
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-background-networking",
        ]);
        command.args(["--enable-logging=stderr", "--virtual-time-budget=10000"]);
        command.arg(format!(
            "--user-data-dir={}",
            self.folder.join("browser").display()
        ));
        command.arg(format!("--window-size={width},2600"));
        if is_dark {
            command.arg("--blink-settings=preferredColorScheme=0");
        }
        command
    }

    /// What the browser writes to its log: console messages have `CONSOLE` in them.
    fn screenshot(&self, name: &str, width: u32, is_dark: bool) -> (PathBuf, String) {
        let path = self.folder.join(name);
        let mut command = self.command(width, is_dark);
        command
            .arg(format!("--screenshot={}", path.display()))
            .arg(&self.url);
        let output = command
            .output()
            .expect("chromium is there: scripts/setup --tests installs it");
        assert!(output.status.success(), "{output:?}");
        (path, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// What of the page does not fit into that width, in words.
    fn measured(&self, width: u32) -> String {
        let get = |path: &str| http::try_get(&format!("{}{path}", self.url)).unwrap().body;
        // The agent gives its files to its own page alone.
        let (page, style) = (get(""), format!("<style>{}</style>", get("style.css")));
        let page = page.replace(STYLESHEET, &style);
        assert!(page.contains(&style), "{page}");
        let page = page.replace('&', "&amp;").replace('"', "&quot;");
        let path = self.folder.join("framed.html");
        let framed = FRAMED.replace("{width}", &width.to_string());
        fs::write(&path, framed.replace("{page}", &page)).unwrap();
        let mut command = self.command(1280, false);
        command
            .arg("--dump-dom")
            .arg(format!("file://{}", path.display()));
        let shown = run_well(&mut command, BROWSER_LIMIT).unwrap();
        let (_, told) = shown.split_once("<pre id=\"told\">").unwrap();
        told.split("</pre>").next().unwrap().replace("&gt;", ">")
    }

    /// The page after it was loaded.
    fn document(&self, width: u32) -> String {
        run_well(
            self.command(width, false).arg("--dump-dom").arg(&self.url),
            BROWSER_LIMIT,
        )
        .unwrap()
    }
}

#[test]
fn the_page_is_whole_on_a_phone_and_on_a_desk_and_the_browser_has_no_complaint() {
    let mut shop = Shop::open(&stocked(3));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.start_agent().unwrap();
    shop.sandbox.pay_order(&code).unwrap();
    budi.wait_for("akun001");
    shop.wait_for_watch();
    for verbs in [&["backup"][..], &["backup", "--delta"], &["drill"]] {
        run_well(&mut shop.agent_command(verbs), BROWSER_LIMIT).unwrap();
    }
    shop.kill_bot();
    let owner = shop.sandbox.chat(OWNER_BOT, OWNER);
    owner.wait_for("Bot toko mati mendadak");

    let folder = shop.place.join("screenshots");
    fs::create_dir_all(&folder).unwrap();
    let browser = Browser {
        folder: &folder,
        url: format!("http://{}/", shop.settings.agent_private),
    };
    for (name, width, is_dark) in [
        ("phone-light.png", 500, false),
        ("phone-dark.png", 500, true),
        ("desk-light.png", 1280, false),
        ("desk-dark.png", 1280, true),
    ] {
        let (path, said) = browser.screenshot(name, width, is_dark);
        assert!(!said.contains("CONSOLE"), "{name}: {said}");
        assert!(
            fs::metadata(&path).unwrap().len() > SCREENSHOT_BYTES_MIN,
            "{name} is empty"
        );
    }
    let document = browser.document(500);
    for part in [
        "Ada masalah",
        "bot_gone",
        "local",
        "perubahan ★",
        "/chart/server.png",
    ] {
        assert!(document.contains(part), "{part} is not in {document}");
    }
    for language in ["id", "en"] {
        speak(&mut shop, language);
        for width in [390, 360] {
            let told = browser.measured(width);
            let fits = format!("2 tables of {width} px; wide: []");
            assert_eq!(told, fits, "in {language}");
        }
    }
    if let Some(kept) = std::env::var_os("SCREENSHOTS") {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let _ = fs::copy(entry.path(), Path::new(&kept).join(entry.file_name()));
        }
    }
}

/// The agent starts anew in that language.
fn speak(shop: &mut Shop, language: &str) {
    let path = shop.place.agent_toml();
    let settings = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = settings
        .lines()
        .filter(|line| !line.starts_with("language = "))
        .collect();
    let line = format!("language = \"{language}\"");
    let owner = lines.iter().position(|line| *line == "[owner]").unwrap();
    lines.insert(owner + 1, &line);
    fs::write(&path, lines.join("\n")).unwrap();
    shop.stop_agent().unwrap();
    shop.start_agent().unwrap();
}
