//! What to do about a log when it is known whose it is, in Indonesian. The same as in `en`, sentence by sentence.
//! Nothing here is for customers or sellers.

use crate::alert::{rule::Rule, words::OnLog};

/// `None` for a rule that is not about a log of any program.
pub(in crate::alert::words) fn of_log(rule: Rule) -> Option<OnLog> {
    let (bots, anothers) = match rule {
        Rule::LogGrowing => (
            "lihat isinya: tail -n 50 {object}; lalu rotasi: logrotate -f /etc/logrotate.d/warung",
            "lihat isinya: tail -n 50 {object}; lalu rotasi: logrotate -f dengan berkasnya di /etc/logrotate.d",
        ),
        Rule::LogNotRotated => (
            "systemctl status logrotate.timer logrotate.service, lalu: logrotate -v /etc/logrotate.d/warung",
            "systemctl status logrotate.timer logrotate.service; logrotate -v dengan berkasnya di /etc/logrotate.d",
        ),
        Rule::LogWriterLost => (
            "jalankan: systemctl restart {unit}",
            "{restart}, dan biarkan postrotate dalam berkasnya di /etc/logrotate.d menyuruhnya membuka log lagi",
        ),
        Rule::LogDeletedOpen => (
            "tempatnya kembali dengan: systemctl restart {unit}",
            "tempatnya kembali dengan: {restart}. lsof +L1 menampilkan berkas seperti itu",
        ),
        Rule::LogTruncated => (
            "hapus copytruncate dari /etc/logrotate.d/warung, dan rotasi dengan mengganti nama: bot mengikutinya sendiri",
            "hapus copytruncate dari berkasnya di /etc/logrotate.d, dan rotasi dengan mengganti nama",
        ),
        Rule::LogHole => (
            "systemctl restart {unit}, dan hapus copytruncate dari /etc/logrotate.d/warung",
            "{restart}; hapus copytruncate dari berkasnya di /etc/logrotate.d",
        ),
        Rule::LogOldKept => (
            "lihat dengan ls -lt {object}*, lalu: logrotate -v /etc/logrotate.d/warung",
            "ls -lt {object}*; logrotate -v dengan berkasnya di /etc/logrotate.d",
        ),
        _ => return None,
    };
    Some(OnLog { bots, anothers })
}
