//! The status page in a real browser, as wide as a phone and as a desk, in light and in dark: it loads whole, complains
//! of nothing, and fits. Without chromium, which scripts/setup --tests installs, it cannot be checked and fails.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tests::{process::run_well, purchase::order, sandbox::OWNER_BOT, settings::OWNER, shop::Shop};

use crate::shelves::{NAME, stocked};

const BROWSER_LIMIT: Duration = Duration::from_secs(120);
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
    run_well(&mut shop.agent_command(&["backup"]), BROWSER_LIMIT).unwrap();
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
    for part in ["Ada masalah", "bot_gone", "local", "/chart/server.png"] {
        assert!(document.contains(part), "{part} is not in {document}");
    }
    if let Some(kept) = std::env::var_os("SCREENSHOTS") {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let _ = fs::copy(entry.path(), Path::new(&kept).join(entry.file_name()));
        }
    }
}
