//! The owner knows within two seconds, and nobody else ever hears of servers.

use std::{
    io::{Read, Write},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use tests::{
    http,
    purchase::{BUY, MY_ORDERS, order},
    sandbox::{OWNER_BOT, SHOP_BOT},
    secrecy::OWNERS_WORDS,
    settings::{BOT_TOKEN, OWNER, SELLER},
    shop::Shop,
};

use crate::shelves::{NAME, stocked};

const ALERT_LIMIT: Duration = Duration::from_secs(2);
/// Generous: a crash is found late on a busy machine, but then the limit above is what fails.
const PATIENCE: Duration = Duration::from_secs(30);
const DIED: &str = "Bot toko mati mendadak";
const BACK: &str = "Bot toko berjalan lagi";

fn alerts(shop: &Shop, part: &str) -> usize {
    shop.sandbox
        .chat(OWNER_BOT, OWNER)
        .messages()
        .iter()
        .filter(|message| message.text.contains(part))
        .count()
}

#[test]
fn the_owner_hears_of_a_kill_within_two_seconds_and_nobody_else_does() {
    let mut shop = Shop::open(&stocked(2));
    let seller = shop.sandbox.chat(SHOP_BOT, SELLER);
    seller.say("/start").unwrap();
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.start_agent().unwrap();
    shop.wait_for_watch();

    let killed_at = shop.kill_bot();
    let (text, after) = shop.sandbox.owner_hears(DIED, killed_at, PATIENCE);
    assert!(after < ALERT_LIMIT, "the alert took {after:?}");
    assert!(
        text.contains("systemctl"),
        "the alert does not say what to do: {text}"
    );
    shop.sandbox.pay_order(&code).unwrap();
    shop.start_bot().unwrap();
    shop.sandbox.owner_hears(BACK, killed_at, PATIENCE);
    budi.wait_for("akun001");
    budi.say("/start").unwrap();
    budi.press(MY_ORDERS);
    budi.wait("the list of orders", |message| {
        message.label(&code[1..]).is_some() || message.text.contains(&code)
    });

    for chat in [&seller, &budi] {
        for shown in chat.everything_ever_shown() {
            let shown = shown.to_lowercase();
            let found = OWNERS_WORDS.iter().find(|word| shown.contains(**word));
            assert_eq!(found, None, "user {} was shown: {shown}", chat.user);
        }
    }
    for call in shop
        .sandbox
        .record(&format!("api=telegram&bot={OWNER_BOT}"))
        .unwrap()
    {
        let chat = call["chat_id"].as_i64().unwrap_or(OWNER);
        assert_eq!(chat, OWNER, "the owner's bot wrote to somebody else: {call}");
    }
}

#[test]
fn a_planned_stop_is_no_alarm() {
    let mut shop = Shop::open(&stocked(1));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    shop.stop_bot().unwrap();
    shop.start_bot().unwrap();
    shop.wait_for_watch();
    // The next alert proves that an earlier one would have been there by now.
    let killed_at = shop.kill_bot();
    shop.sandbox.owner_hears(DIED, killed_at, PATIENCE);
    assert_eq!((alerts(&shop, DIED), alerts(&shop, BACK)), (1, 0));
}

/// What somebody sees who looks once: health-check's exit code and object, and the line of `agent status` about the bot.
fn looked(shop: &Shop) -> (Option<i32>, serde_json::Value, String) {
    let mut check = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/health-check"));
    check.args(["--json", "--disk-max", "100", "--config"]);
    let said = check.arg(shop.place.agent_toml()).output().unwrap();
    let status = shop.agent_command(&["status"]).output().unwrap();
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    let line = status.lines().find(|line| line.starts_with("Bot:")).unwrap();
    (
        said.status.code(),
        serde_json::from_slice(&said.stdout).unwrap(),
        line.to_owned(),
    )
}

#[test]
fn a_planned_stop_is_no_fault_to_who_looks_and_a_death_during_maintenance_neither() {
    let mut shop = Shop::open(&stocked(1));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    tests::process::run_well(&mut shop.agent_command(&["backup"]), PATIENCE).unwrap();
    let known = |shop: &Shop, state: &str| {
        tests::wait::until("the agent to know of it", PATIENCE, || {
            let health = http::try_get(&format!("http://{}/health", shop.settings.agent_private))?;
            let health: serde_json::Value = serde_json::from_str(&health.body).ok()?;
            (health["bot"] == state).then_some(())
        });
    };
    shop.stop_bot().unwrap();
    known(&shop, "stopped");
    let (code, seen, line) = looked(&shop);
    assert_eq!(
        (code, &seen["bot"], &seen["well"]),
        (Some(0), &"stopped".into(), &true.into()),
        "{seen}"
    );
    assert!(line.contains("stopped on purpose since"), "{line}");
    shop.start_bot().unwrap();
    shop.wait_for_watch();
    let owner = shop.sandbox.chat(OWNER_BOT, OWNER);
    owner.say("/maintenance 30m").unwrap();
    owner.wait_for("Pemeliharaan");
    shop.kill_bot();
    known(&shop, "gone");
    let (code, seen, line) = looked(&shop);
    assert_eq!(
        (code, &seen["bot"], &seen["alerts_open"]),
        (Some(0), &"maintenance".into(), &"bot_gone".into()),
        "{seen}"
    );
    assert_eq!(
        (
            &seen["alerts_about"][0]["rule"],
            &seen["alerts_about"][0]["about"]
        ),
        (&"bot_gone".into(), &"bot".into())
    );
    assert!(line.contains("maintenance, which lasts until"), "{line}");
    owner.say("/maintenance off").unwrap();
    owner.wait_for(DIED);
    let (code, seen, line) = looked(&shop);
    assert_eq!((code, &seen["bot"]), (Some(1), &"down".into()), "{seen}");
    assert!(line.contains("NOT well"), "{line}");
}

#[test]
fn an_alert_waits_until_telegram_is_there_again() {
    let mut shop = Shop::open(&stocked(1));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let down = serde_json::json!({ "target": "telegram", "bot": OWNER_BOT, "fault": "down" });
    shop.sandbox.break_with(&down).unwrap();
    let killed_at = shop.kill_bot();
    tests::wait::until("the message to wait", PATIENCE, || {
        let health = http::try_get(&format!("http://{}/health", shop.settings.agent_private))?;
        let health: serde_json::Value = serde_json::from_str(&health.body).ok()?;
        (health["outbox_waiting"].as_u64() > Some(0)).then_some(())
    });
    shop.sandbox.mend().unwrap();
    shop.sandbox.owner_hears(DIED, killed_at, PATIENCE);
    assert_eq!(alerts(&shop, DIED), 1);
}

/// What agent and page say of it besides: nobody reads that all is well.
fn standing(shop: &Shop) -> (String, String) {
    let private = &shop.settings.agent_private;
    let health = http::try_get(&format!("http://{private}/health")).unwrap().body;
    let health: serde_json::Value = serde_json::from_str(&health).unwrap();
    let mut check = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/health-check"));
    check.arg("--config").arg(shop.place.agent_toml());
    let said = check.output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    (health["alerts"].to_string(), said)
}

#[test]
fn a_program_that_runs_and_does_not_answer_is_not_called_dead() {
    // Whoever comes is let in by the kernel, and nobody ever answers.
    let hung = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut check = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/health-check"));
    check.args(["--language", "en", "--agent", "127.0.0.1:1", "--bot"]);
    check.arg(hung.local_addr().unwrap().to_string());
    let said = check.output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(
        text.contains("bot: HUNG") && text.contains("systemctl restart bot") && text.contains("agent: DOWN"),
        "{text}"
    );
    assert_eq!(said.status.code(), Some(1));
}

#[test]
fn a_bot_whose_place_another_program_has_is_not_to_be_started_before_that_is_stopped() {
    let agent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = agent.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut asked in agent.incoming().flatten() {
            let _ = asked.read(&mut [0; 4096]);
            let _ = asked.write_all(
                b"HTTP/1.0 200 OK\r\n\r\n{\"healthy\":true,\"critical\":1,\"alerts\":[\"bot_port_taken\"]}",
            );
        }
    });
    let mut check = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/health-check"));
    check.args(["--language", "en", "--bot", "127.0.0.1:1", "--agent"]);
    let said = check.arg(address.to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("bot: DOWN")).unwrap();
    assert!(
        line.contains("ss -ltnp") && !line.contains("systemctl start bot"),
        "{text}"
    );
}

#[test]
fn an_address_is_read_however_toml_lets_it_be_written() {
    let hung = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = hung.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    for written in [
        format!("[http]\nprivate='{address}'\n[bot]\nurl=\"http://{address}/\"\n"),
        format!(
            "[ http ] # here\n  private = \"{address}\" # not \"there\"\n[\"bot\"]\nurl= 'http://{address}'\n"
        ),
        format!(
            "http.private = '{address}'\nbot.url=\"http://{address}\"\n[owner]\nprivate = \"127.0.0.1:1\"\n"
        ),
        format!(
            "http = {{ private = \"{address}\" }}\nbot={{unit='a, b = c', 'url' = 'http://{address}'}} # there\nowner = {{ chat_ids = [1, 2], language = \"en\" }}\n"
        ),
        format!(
            "[owner]\nhttp = {{ private = \"127.0.0.1:1\" }}\n[http]\nprivate = '{address}'\n[bot]\nurl = \"http://{address}\""
        ),
    ] {
        std::fs::write(&path, &written).unwrap();
        let mut check = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/health-check"));
        let said = check
            .args(["--language", "en", "--config"])
            .arg(&path)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(
            text.contains("bot: HUNG") && text.contains("agent: HUNG"),
            "{written}{text}"
        );
    }
}

#[test]
fn a_token_that_telegram_refuses_stands_until_it_takes_it_and_rings_once() {
    const REFUSED: &str = "Telegram menolak token bot";
    const TAKEN: &str = "Telegram menerima token bot";
    let mut shop = Shop::open(&stocked(1));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let budi = shop.sandbox.customer(3001).unwrap();
    let begun = Instant::now();
    let refuse = serde_json::json!({ "target": "telegram", "bot": SHOP_BOT, "fault": "status", "code": 401 });
    shop.sandbox.break_with(&refuse).unwrap();
    // Ends the question that is held, and is answered by nothing until it is over.
    budi.say("/start").unwrap();
    let (text, after) = shop.sandbox.owner_hears(REFUSED, begun, PATIENCE);
    println!("the owner read after {after:?}: {text}");
    assert!(
        text.contains("Artinya:") && !text.contains("Kata bot sendiri"),
        "{text}"
    );
    let (open, check) = standing(&shop);
    assert_eq!(open, "[\"telegram_refuses\"]");
    assert!(check.contains("GAWAT — telegram_refuses"), "{check}");
    shop.sandbox.mend().unwrap();
    budi.wait_for("Selamat datang");
    shop.sandbox.owner_hears(TAKEN, begun, PATIENCE);
    assert_eq!(alerts(&shop, REFUSED), 1, "one trouble, one message");
    let (open, check) = standing(&shop);
    assert_eq!(open, "[]");
    assert!(check.contains("peringatan: tidak ada"), "{check}");
}

/// As an old server that was switched on again: each question ends the bot's, which Telegram answers with 409.
#[test]
fn another_program_at_the_shops_token_is_told_to_the_owner() {
    const SHARED: &str = "Program lain mengambil pesan toko";
    let mut shop = Shop::open(&stocked(1));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let begun = Instant::now();
    let asked = format!("{}/bot{BOT_TOKEN}/getUpdates?timeout=1", shop.sandbox.url());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let _ = http::try_get(&asked);
            }
        });
        let (text, after) = shop.sandbox.owner_hears(SHARED, begun, PATIENCE);
        is_over.store(true, Ordering::Relaxed);
        println!("the owner read after {after:?}: {text}");
        assert!(
            text.contains("BOT_TOKEN") && text.contains("server lama"),
            "{text}"
        );
    });
    let budi = shop.sandbox.customer(3001).unwrap();
    budi.say("/start").unwrap();
    budi.wait_for("Selamat datang");
    assert_eq!(alerts(&shop, SHARED), 1);
}

/// What the bot says that it stands.
fn bot_stands(shop: &Shop) -> String {
    let health = http::try_get(&format!("http://{}/health", shop.settings.bot_private)).unwrap();
    let health: serde_json::Value = serde_json::from_str(&health.body).unwrap();
    health["standing"].to_string()
}

#[test]
fn a_gateway_that_refuses_invoices_does_so_after_a_restart_of_the_bot_until_it_makes_one() {
    const REFUSED: &str = "Gerbang pembayaran menolak tagihan";
    const MADE: &str = "Gerbang pembayaran tidak menolak lagi";
    let mut shop = Shop::open(&stocked(3));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let budi = shop.sandbox.customer(3001).unwrap();
    let begun = Instant::now();
    let refuse = serde_json::json!({ "target": "pakasir", "method": "create-transaction", "fault": "status", "code": 401 });
    shop.sandbox.break_with(&refuse).unwrap();
    budi.say("/start").unwrap();
    budi.press(NAME);
    budi.press(BUY);
    shop.sandbox.owner_hears(REFUSED, begun, PATIENCE);
    let before = bot_stands(&shop);
    assert!(
        before.contains("gateway_refuses") && before.contains("401"),
        "{before}"
    );
    shop.stop_bot().unwrap();
    shop.start_bot().unwrap();
    shop.wait_for_watch();
    let untried = before.replace("\"is_untried\":false", "\"is_untried\":true");
    assert_ne!(untried, before);
    assert_eq!(
        bot_stands(&shop),
        untried,
        "a start mends nothing, and tries nothing"
    );
    assert_eq!(standing(&shop).0, "[\"gateway_refuses\"]");
    shop.sandbox.mend().unwrap();
    order(&budi, NAME).unwrap();
    assert_eq!(bot_stands(&shop), "[]");
    shop.sandbox.owner_hears(MADE, begun, PATIENCE);
    assert_eq!(alerts(&shop, REFUSED), 1, "one trouble, one message");
}

/// Requests fail before and after they have been taken, and the agent is killed in between: the alert comes, and what
/// comes twice was being sent at a kill or when the answer was lost, and says so.
#[test]
fn an_alert_survives_kills_of_the_real_agent_while_telegram_is_away() {
    const KILLS: u64 = 8;
    let mut shop = Shop::open(&stocked(1));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let fault = |what: &str, times: u64| {
        serde_json::json!({ "target": "telegram", "bot": OWNER_BOT, "method": "sendMessage", "fault": what,
                            "hold_ms": 300, "times": times })
    };
    shop.sandbox.break_with(&fault("down", 6)).unwrap();
    shop.sandbox
        .break_with(&fault("timeout_after_effect", 2))
        .unwrap();
    let killed_at = shop.kill_bot();
    for kill in 0..KILLS {
        std::thread::sleep(Duration::from_millis(100 + 170 * kill));
        shop.kill_agent();
        shop.start_agent().unwrap();
    }
    shop.sandbox.owner_hears(DIED, killed_at, PATIENCE);
    shop.start_bot().unwrap();
    shop.sandbox.owner_hears(BACK, killed_at, PATIENCE);
    let messages = shop.sandbox.chat(OWNER_BOT, OWNER).messages();
    let told: Vec<&String> = messages
        .iter()
        .map(|message| &message.text)
        .filter(|text| text.contains(DIED) && !text.starts_with('✅'))
        .collect();
    let marked = told
        .iter()
        .filter(|text| text.contains("(mungkin ulangan)"))
        .count();
    assert!(told.len() <= 1 + marked, "{told:#?}");
    assert!(marked as u64 <= KILLS + 2, "{told:#?}");
}
