//! `setWebhook`, `deleteWebhook` and `getWebhookInfo`: where updates are to be posted.

use axum::http::Uri;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Refusal},
    args::Call,
    poll::allow,
};
use crate::world::bot::Webhook;

const PORTS: [u16; 4] = [80, 88, 443, 8443];
const CONNECTIONS_DEFAULT: i64 = 40;

/// `setWebhook`.
pub fn set(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let url = call.args.text("url").unwrap_or_default().to_owned();
    if url.is_empty() {
        return delete(call);
    }
    check_url(&url)?;
    let secret_token = call.args.text("secret_token").map(str::to_owned);
    if let Some(secret) = &secret_token {
        check_secret(secret)?;
    }
    let max_connections = call
        .args
        .int("max_connections")
        .unwrap_or(CONNECTIONS_DEFAULT)
        .clamp(1, 100);
    let ip_address = call.args.text("ip_address").map(str::to_owned);
    allow(call);
    drop_pending(call);
    let now = call.now;
    let bot = call.bot_mut();
    bot.poll.turn += 1;
    bot.poll.ended_by_webhook = true;
    let is_same = bot
        .webhook
        .as_ref()
        .is_some_and(|old| old.url == url && old.secret_token == secret_token);
    bot.webhook = Some(Webhook {
        url,
        secret_token,
        max_connections,
        ip_address,
        last_error: None,
    });
    bot.updates.iter_mut().for_each(|update| update.not_before = now);
    call.world.touch();
    let description = if is_same {
        "Webhook is already set"
    } else {
        "Webhook was set"
    };
    Ok(Answer {
        result: json!(true),
        description: Some(description),
    })
}

/// `deleteWebhook`.
pub fn delete(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    drop_pending(call);
    let was_set = call.bot_mut().webhook.take().is_some();
    call.world.touch();
    let description = if was_set {
        "Webhook was deleted"
    } else {
        "Webhook is already deleted"
    };
    Ok(Answer {
        result: json!(true),
        description: Some(description),
    })
}

/// `getWebhookInfo`.
pub fn info(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let bot = call.bot();
    let mut info = json!({
        "url": "",
        "has_custom_certificate": false,
        "pending_update_count": bot.updates.len(),
    });
    if !bot.allowed_updates.is_empty() {
        info["allowed_updates"] = json!(bot.allowed_updates);
    }
    if let Some(webhook) = &bot.webhook {
        info["url"] = json!(webhook.url);
        info["max_connections"] = json!(webhook.max_connections);
        if let Some(address) = webhook.ip_address.clone().or_else(|| host_address(&webhook.url)) {
            info["ip_address"] = Value::from(address);
        }
        if let Some((at, message)) = &webhook.last_error {
            info["last_error_date"] = json!(at.as_second());
            info["last_error_message"] = json!(message);
        }
    }
    Ok(info.into())
}

fn drop_pending(call: &mut Call<'_>) {
    if call.args.flag("drop_pending_updates") {
        call.bot_mut().updates.clear();
    }
}

/// HTTPS on one of four ports; on this machine plain HTTP on any port too, which the real server would refuse.
fn check_url(url: &str) -> Result<(), Refusal> {
    let uri: Uri = url
        .parse()
        .map_err(|_| Refusal::bad_request("bad webhook: invalid webhook URL specified"))?;
    let host = uri.host().unwrap_or_default();
    if host == "localhost" || host_address(url).is_some_and(|ip| ip.starts_with("127.") || ip == "::1") {
        return Ok(());
    }
    if uri.scheme_str() != Some("https") {
        return Err(Refusal::bad_request(
            "bad webhook: An HTTPS URL must be provided for webhook",
        ));
    }
    if !PORTS.contains(&uri.port_u16().unwrap_or(443)) {
        return Err(Refusal::bad_request(
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ));
    }
    Ok(())
}

fn host_address(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.host()?.trim_matches(['[', ']']);
    host.parse::<std::net::IpAddr>().ok().map(|ip| ip.to_string())
}

fn check_secret(secret: &str) -> Result<(), Refusal> {
    if !(1..=256).contains(&secret.len()) {
        return Err(Refusal::bad_request("secret token must have 1 to 256 characters"));
    }
    if !secret
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    {
        return Err(Refusal::bad_request("secret token contains unallowed characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_outside_this_machine_needs_https_on_a_known_port() {
        for good in [
            "https://shop.example/telegram",
            "https://shop.example:8443/t",
            "http://127.0.0.1:8080/telegram",
        ] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in [
            "http://shop.example/telegram",
            "https://shop.example:8080/t",
            "shop",
            "",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_token_is_short_and_plain() {
        assert_eq!(check_secret("A-z_0"), Ok(()));
        assert!(check_secret("").is_err());
        assert!(check_secret("a b").is_err());
        assert!(check_secret(&"x".repeat(257)).is_err());
    }
}
