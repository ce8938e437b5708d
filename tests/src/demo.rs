//! A shop for a person to play with: everything runs until Ctrl-C, and the bot is started again when it dies.
//! It checks nothing; the tour does.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{sleep, spawn},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::{binaries::binary, shop::Shop};

/// Where the demo leaves its state, below the working folder.
pub const FOLDER: &str = ".demo";

/// What is on the shelves of a new demo.
pub const CATALOGUE: &str = r#"[[product]]
sku = "netflix-1b"
name = "Netflix 1 bulan"
category = "Streaming"
price = 25000
description = "Akun premium, 1 perangkat"
terms = "Kirim screenshot profil dalam 24 jam"
stock = ["netflix01@mail.example:mawar-71", "netflix02@mail.example:melati-38", "netflix03@mail.example:anggrek-94"]

[[product]]
sku = "spotify-1b"
name = "Spotify 1 bulan"
category = "Musik"
price = 15000
description = "Undangan paket keluarga"
terms = "Jangan ganti negara"
stock = ["https://spotify.example/undangan/8f1d3c", "https://spotify.example/undangan/5b7a9e"]

[[product]]
sku = "pulsa-10"
name = "Voucher game 10.000"
category = "Game"
price = 11500
description = "Kode voucher, berlaku setahun"
terms = "Kode yang sudah dilihat tidak dapat ditukar"
stock = ["VCR-4471-9920", "VCR-8812-0034", "VCR-1203-7765"]
"#;

/// As `RestartSec=` in the unit.
const RESTART_AFTER: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// When a part of it cannot be started.
pub fn run() -> Result<()> {
    let stop = stop_signal()?;
    let mut shop = Shop::at(Path::new(FOLDER))?;
    if !shop.place.database().exists() {
        shop.import(CATALOGUE)?;
    }
    shop.start_bot()?;
    shop.start_agent()?;
    greet(&shop);
    while !stop.load(Ordering::Relaxed) {
        sleep(LOOK_EVERY);
        // Ctrl-C reaches the bot as well: only a bot that fell without it is started again.
        if shop.bot_has_ended() && !stop.load(Ordering::Relaxed) {
            println!("The bot has ended; as systemd would, the demo starts it again in {RESTART_AFTER:?}.");
            sleep(RESTART_AFTER);
            shop.start_bot()?;
            println!("It runs again. Once more:");
            tell_how_to_kill(&shop);
        }
    }
    println!("Stopping. The shop's state stays in {FOLDER}; delete that folder for a new one.");
    // Those that Ctrl-C reached have ended already, each in order.
    drop(shop.stop_agent());
    drop(shop.stop_bot());
    Ok(())
}

fn greet(shop: &Shop) {
    let place = &shop.place;
    println!();
    println!("The shop is open: {}/", shop.sandbox.url());
    println!();
    println!("  As Budi, write /start to the shop, buy something and press \"pay\" below the QR picture.");
    println!("  As Sari, who sells, write /start: add products and stock, files too, and see the orders.");
    println!("  As Pemilik, who owns the shop, see what the agent writes when the bot dies:");
    tell_how_to_kill(shop);
    println!();
    println!("  A backup now, and what there is of them:");
    for verb in ["backup", "list"] {
        println!(
            "    {} {verb} --config {}",
            binary("agent").display(),
            place.agent_toml().display()
        );
    }
    println!();
    println!("Ctrl-C ends everything.");
}

fn tell_how_to_kill(shop: &Shop) {
    if let Some(id) = shop.bot_id() {
        println!("    kill -9 {id}");
    }
}

/// Becomes true at Ctrl-C, SIGTERM or when the terminal closes.
fn stop_signal() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting a runtime")?;
    let asked = Arc::clone(&stop);
    // Listening from here on: a Ctrl-C while things start must not kill this process alone.
    let mut signals = {
        let _entered = runtime.enter();
        let listen = |kind| signal(kind).context("listening for signals");
        [
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]
    };
    spawn(move || {
        runtime.block_on(async {
            let [interrupt, terminate, hangup] = &mut signals;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        });
        asked.store(true, Ordering::Relaxed);
    });
    Ok(stop)
}

/// A new, empty folder below the demo's own.
///
/// # Errors
/// When what an earlier run left cannot be removed.
pub fn fresh_folder(name: &str) -> Result<std::path::PathBuf> {
    let folder = Path::new(FOLDER).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    Ok(folder)
}
