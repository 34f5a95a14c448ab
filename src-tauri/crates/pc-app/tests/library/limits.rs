//! What a cloud takes is known before the first byte.

use serde_json::json;

use crate::common::Console;

#[tokio::test]
async fn limits_are_known_without_starting_or_reaching_the_cloud() {
    let console = Console::open();
    let own = console.call("upload_limits", json!({})).await;
    assert!(
        own["file_bytes"].as_u64().is_some_and(|bytes| bytes >= 1 << 20),
        "the embedded cloud says what it takes: {own}"
    );
    // A cloud at a port where nobody listens is still held to what its maker documents.
    let add = json!({"name": "Nowhere", "base_url": "http://127.0.0.1:9", "billing_url": null, "region": null, "workspace": null,
        "api_key": "k", "access_key_id": null, "access_key_secret": null});
    let cloud = console.call("cloud_add", add).await;
    console.call("cloud_select", json!({"id": cloud["id"]})).await;
    let documented = console.call("upload_limits", json!({})).await;
    assert_eq!(documented, json!({"file_bytes": 300 << 20, "console_bytes": 200 << 20}));
}
