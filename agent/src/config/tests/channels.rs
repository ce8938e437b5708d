//! The further ways to the owner, as the file names them.

use super::*;

const CHANNELS: &str = r#"
[channels.zebra]
type = "telegram"
api_url = "https://api.example.org/"
[channels.push]
type = "ntfy"
url = "https://ntfy.example.org"
[channels.mail]
type = "email"
host = "mail.example.org"
username = "shop"
to = "Owner <owner@example.org>"
[channels.hook]
type = "webhook"
url = "https://hook.example.org/warung"
"#;

#[test]
fn channels_are_tried_in_the_order_of_the_file_and_take_their_secrets_by_name() {
    let secrets = [
        ("OWNER_BOT_TOKEN", "1:a"),
        ("CHANNEL_PUSH_TOPIC", "warung-8c1f"),
        ("SMTP_PASSWORD", "p"),
        ("CHANNEL_HOOK_SECRET", "s"),
    ];
    let (config, faults) = read_with(
        &(WHOLE.to_owned() + CHANNELS).replace(
            "[channels.mail]\ntype = \"email\"\nto",
            "[channels.other]\ntype = \"email\"\nto",
        ),
        Purpose::Keep,
        &secrets,
    );
    assert!(faults.is_empty(), "{faults:?}");
    let names: Vec<&str> = config
        .channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    assert_eq!(names, ["other", "zebra", "push", "mail", "hook"]);
    let ChannelKind::Email(mail) = &config.channels[3].kind else {
        panic!("mail is a mail")
    };
    assert_eq!((mail.port, mail.tls), (587, MailTls::StartTls));
}

#[test]
fn a_channel_says_what_it_lacks_and_takes_no_secret_from_the_file() {
    let text = SMALL.to_owned()
        + &CHANNELS.replace("[channels.push]", "[channels.push]\ntopic = \"hunter2\"")
        + "[channels.twice]\ntype = \"telegram\"\n[channels.open]\ntype = \"email\"\nhost = \"a.b\"\ntls = \"never\"\nto = \"x\"\n";
    let (_, faults) = read_with(&text, Purpose::Keep, &[("OWNER_BOT_TOKEN", "1:a")]);
    let told = faults.join("\n");
    for part in [
        "CHANNEL_PUSH_TOPIC",
        "CHANNEL_MAIL_PASSWORD",
        "CHANNEL_HOOK_SECRET",
        "channels.twice needs an api_url or a proxy",
        "channels.open.tls",
        "channels.open.to",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    assert!(!told.contains("hunter2"));
    let (config, faults) = read_with(&(SMALL.to_owned() + CHANNELS), Purpose::Look, &[]);
    assert!(faults.is_empty(), "who only looks needs no secret: {faults:?}");
    let names: Vec<&str> = config
        .channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    assert_eq!(names, ["zebra", "mail"]);
}
