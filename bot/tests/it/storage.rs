//! The brake: a WAL that nobody copies is told, then stops new orders; payments and deliveries go on.

use std::{path::Path, time::Duration};

use bot::{
    db::{self, Reader, Writer, brake::Limits},
    incident::{self, unstored::Unstored},
    jobs::storage::Storage,
    shop::{order::State, switch},
};
use protocol::incident::IncidentId;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use crate::world::{BUYER, SELLER, STRANGER, World, text};

/// A shop of a few orders writes hundreds of kilobytes.
const LIMITS: Limits = Limits {
    heavy_bytes: 1,
    full_bytes: 20_000,
};

fn kinds(conn: &Connection) -> Vec<String> {
    let incidents = incident::store::after(conn, IncidentId(0)).unwrap();
    incidents.into_iter().map(|incident| incident.kind).collect()
}

/// Waits until the brake is where it should be.
async fn until_braked(database: &Path, wanted: bool) {
    let conn = db::open_reader(database).unwrap();
    for _ in 0..400 {
        if switch::store::braked(&conn).unwrap() == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the brake did not move to {wanted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wal_that_nobody_copies_stops_new_orders_until_somebody_does() {
    let world = World::new();
    let product = world.product("Netflix", &["a", "b", "c"]);
    let order = world.buy(BUYER, product);
    let database = world.database();
    let (writer, _thread) = Writer::start(db::open_writer(&database).unwrap());
    let storage = Storage {
        writer: writer.clone(),
        reader: Reader::open(&database).unwrap(),
        unstored: Unstored::default(),
        limits: LIMITS,
    };
    let stop = CancellationToken::new();
    let watching = tokio::spawn(storage.watch(stop.clone()));
    until_braked(&database, true).await;
    assert_eq!(kinds(&world.conn), ["wal_stops_sales"]);
    let (toast, _) = world.press(STRANGER, &format!("buy:{}", product.0));
    assert_eq!(
        toast.as_deref(),
        Some("Toko sedang istirahat sebentar. Sebentar lagi bisa pesan lagi ya 🙏")
    );
    assert!(text(&world.read(STRANGER, "/start")).contains("istirahat sebentar"));
    assert!(text(&world.press(SELLER, "seller").1[0]).contains("lanjut sendiri"));

    // Money that is on its way is taken, and its goods go out.
    let paid = world.pay(&order, "T1", 25_000);
    assert_eq!(paid.state, State::Paid);

    // Somebody copies everything again.
    world
        .conn
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    until_braked(&database, false).await;
    world.buy(STRANGER, product);
    stop.cancel();
    watching.await.unwrap();
}
