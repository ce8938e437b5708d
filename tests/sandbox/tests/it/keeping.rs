//! What survives a restart, and what the page is made of.

use serde_json::json;

use crate::sandbox::{BUDI, Sandbox};

#[tokio::test]
async fn chats_files_updates_and_transactions_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start_in(Some(dir.path().to_owned())).await;
    sandbox.types("hello").await;
    let photo = sandbox
        .client
        .post(sandbox.url(&format!("sandbox/chats/warung_bot/{BUDI}/photo?caption=proof")));
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(9, 9)
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    photo
        .body(png.into_inner())
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    let before = sandbox.chat().await;
    let updates = sandbox.result("getUpdates", json!({})).await;
    sandbox.stop().await;

    let sandbox = Sandbox::start_in(Some(dir.path().to_owned())).await;
    let after = sandbox.chat().await;
    assert_eq!(after["messages"], before["messages"]);
    assert_eq!(sandbox.result("getUpdates", json!({})).await, updates);
    let url = after["messages"][1]["photo"]["url"]
        .as_str()
        .unwrap()
        .trim_start_matches('/')
        .to_owned();
    assert!(
        sandbox
            .client
            .get(sandbox.url(&url))
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
}

#[tokio::test]
async fn the_page_needs_nothing_from_outside() {
    let sandbox = Sandbox::start().await;
    for path in ["", "page.css", "page.js"] {
        let text = sandbox
            .client
            .get(sandbox.url(path))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(text.len() > 500, "{path}");
        assert!(
            !text.contains("https://") && !text.contains("http://"),
            "{path} names another server"
        );
    }
}
