//! What `agent remote test` says of a remote that cannot be used: what its owner can look at, in words of no library.

use crate::{
    fault_proxy::{Fault, Proxy},
    remotes::shop_with,
    servers::{self, Section},
    shop::Shop,
};

fn without_secrets(mut section: Section) -> Section {
    section.variables.clear();
    section
}

/// All that the test of this remote prints; something that backups need does not work there.
fn told(section: Section) -> String {
    let shop: Shop = shop_with(&[section]);
    let output = shop.agent(&["remote", "test", "away"]);
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stdout).into_owned() + &crate::shop::stderr(&output)
}

#[test]
fn an_address_that_speaks_no_tls_says_what_to_write() {
    let place = tempfile::tempdir().unwrap();
    let plain = servers::webdav(place.path());
    let mut section = servers::s3_section("away", plain.address);
    section.text = section.text.replace("http://", "");
    let said = told(section);
    assert!(said.contains("write http:// in front"), "{said}");
}

#[test]
fn a_variable_that_is_missing_is_named_as_this_remotes() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let mut section = without_secrets(servers::s3_section("away", server.address));
    let is_kept = |line: &&str| !line.starts_with("access_key_id");
    section.text = section
        .text
        .lines()
        .filter(is_kept)
        .map(|line| format!("{line}\n"))
        .collect();
    let said = told(section);
    assert!(
        said.contains("REMOTE_AWAY_SECRET_ACCESS_KEY") && !said.contains("<NAME>"),
        "{said}"
    );
}

/// Everybody is asked by names of his own, which the manual gives, and by nobody else's.
#[test]
fn what_no_credentials_are_there_for_is_asked_by_the_names_of_its_kind() {
    let nobody = "127.0.0.1:9".parse().unwrap();
    let alone = "disable_vm_metadata = true\ndisable_config_load = true\n";
    let mut gcs = servers::gcs_section("away", nobody);
    gcs.text.push_str(alone);
    let drive = |kind: &str| Section {
        text: format!("[remotes.away]\ntype = \"{kind}\"\nroot = \"/warung\"\nclient_id = \"example\"\n"),
        variables: Vec::new(),
    };
    let cases = [
        (gcs, "REMOTE_AWAY_CREDENTIAL must", "`credential_path`"),
        (
            servers::azure_section("away", nobody),
            "REMOTE_AWAY_ACCOUNT_KEY or REMOTE_AWAY_SAS_TOKEN",
            "`account_name`",
        ),
        (
            drive("gdrive"),
            "REMOTE_AWAY_REFRESH_TOKEN and REMOTE_AWAY_CLIENT_SECRET",
            "`client_id`",
        ),
        (
            drive("dropbox"),
            "REMOTE_AWAY_REFRESH_TOKEN and REMOTE_AWAY_CLIENT_SECRET",
            "`client_id`",
        ),
    ];
    for (section, variables, option) in cases {
        let said = told(without_secrets(section));
        for part in ["it has no credentials", variables, option, "beside agent.toml"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("ACCESS_KEY_ID"), "{said}");
    }
}

#[test]
fn a_refusal_tells_its_status_and_what_to_check_beside_the_servers_own_word() {
    for (status, advice) in [
        (401, "check user name and password"),
        (403, "what they are allowed there"),
    ] {
        let place = tempfile::tempdir().unwrap();
        let server = servers::webdav(place.path());
        let proxy = Proxy::before(server.address, move |_, _| Some(Fault::Says(status, "nope")));
        let said = told(servers::webdav_section("away", proxy.address));
        assert!(
            said.contains(&format!("status {status}")) && said.contains(advice) && said.contains("nope"),
            "{said}"
        );
    }
}

#[test]
fn a_host_that_nobody_wrote_down_is_told_with_how_to_look_at_its_key_and_where_it_belongs() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::sftp(place.path());
    let mut section = servers::sftp_section("away", &server, place.path());
    section.text = section.text.replace("known_hosts_strategy = \"accept\"\n", "");
    let said = told(section);
    let port = server.address.port();
    for part in [
        &format!("`ssh-keyscan -p {port} 127.0.0.1 > host_key"),
        "compare it first",
        "/etc/ssh/ssh_known_hosts",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_key_file_and_a_folder_that_are_not_there_are_named() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::sftp(place.path());
    let section = |from: &str, to: &str| {
        let mut section = servers::sftp_section("away", &server, place.path());
        assert!(section.text.contains(from));
        section.text = section.text.replace(from, to);
        section
    };
    let said = told(section("ssh/user\"", "ssh/nobody\""));
    assert!(
        said.contains("ssh/nobody") && said.contains("is not there"),
        "{said}"
    );
    // A folder below what the kernel shows takes nothing, whoever asks.
    let root = format!("root = \"{}/a/b\"", server.objects.display());
    let said = told(section(&root, "root = \"/proc/nowhere/backups\""));
    assert!(
        said.contains("the folder that `root` names is not there"),
        "{said}"
    );
}

#[test]
fn a_key_that_is_missing_or_says_nothing_is_named_with_its_place_and_an_example() {
    let nobody = "127.0.0.1:9".parse().unwrap();
    let s3 = || servers::s3_section("away", nobody);
    let webdav = || servers::webdav_section("away", nobody);
    let cases = [
        (
            s3(),
            "region = \"us-east-1\"",
            "",
            "`region` is missing",
            "region = \"us-east-1\"",
        ),
        (
            s3(),
            "bucket = \"warung\"",
            "",
            "`bucket` is missing",
            "bucket = \"warung-backup\"",
        ),
        (
            s3(),
            "\"warung\"",
            "\"\"",
            "`bucket` says nothing",
            "bucket = \"warung-backup\"",
        ),
        (
            webdav(),
            "http://",
            "",
            "`endpoint` is \"127.0.0.1:9",
            "endpoint = \"https://cloud.example",
        ),
    ];
    for (mut section, from, to, wrong, example) in cases {
        assert!(section.text.contains(from), "{}", section.text);
        section.text = section.text.replacen(from, to, 1);
        let shop: Shop = shop_with(&[section]);
        for command in [&["remote", "test", "away"][..], &["check"]] {
            let output = shop.agent(command);
            assert_eq!(output.status.code(), Some(2));
            let said = crate::shop::stderr(&output);
            for part in [wrong, "[remotes.away] in agent.toml", example] {
                assert!(said.contains(part), "{part} of {command:?}: {said}");
            }
        }
    }
}
