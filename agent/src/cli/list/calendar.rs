//! The calendar that an owner reads: where the copies are, a line for each restore point under its day, which commits there
//! are, and the times of which there are none.
//! It only prints.

use jiff::{Timestamp, tz::TimeZone};
use protocol::time::UnixMillis;

use super::{
    Shown, doubts,
    gaps::{Gap, What},
    holding::Holding,
    points::Listed,
};
use crate::{backup::ranges::Range, cli::words};

/// Prints all of it.
pub(super) fn print(shown: &Shown, zone: &TimeZone) {
    // Who does not answer is named by the command itself, and may hold everything.
    if shown.restore_points.is_empty() && !shown.remotes.is_empty() {
        println!("The remotes hold no restore point yet. `agent backup` makes one.");
        for unfilled in &shown.unfilled {
            println!("Where there should be one: {}", unfilled.told);
        }
    }
    for holding in &shown.remotes {
        print_holding(holding, zone);
    }
    let mut day = String::new();
    for point in &shown.restore_points {
        let of_day = local(point.moment(), zone).strftime("%A %Y-%m-%d").to_string();
        if of_day != day {
            println!("\n{of_day}{}", total(shown, &of_day, zone));
            day = of_day;
        }
        print_point(point, zone);
    }
    if !shown.commits.is_empty() {
        println!(
            "\nCommits: restore --commit N, and --chain ID where a number repeats; by the objects' names, and a restore \
             checks each"
        );
    }
    // Whose chain is not known may lead anywhere.
    let knows_all = shown
        .restore_points
        .iter()
        .all(|point| point.chain.is_some() || point.doubtful);
    for range in &shown.commits {
        let is_others = range.restorable_from.is_none() && shown.others_chains.contains(&range.chain);
        let known = (knows_all && !is_others, shown.gaps.as_slice());
        let whose = match (is_others, shown.earlier_chains.contains(&range.chain)) {
            (true, true) => "  an earlier server's, not judged here",
            (true, false) => "  another agent's, not judged here",
            (false, _) => "",
        };
        println!("  {}{whose}", told(range, known, zone));
    }
    if !shown.doubtful.is_empty() {
        println!("\nNOT PROVEN, and not counted above:");
    }
    for line in doubts::told(&shown.doubtful) {
        println!("  {line}");
    }
    if !shown.gaps.is_empty() {
        println!("\nGaps: of these times no single commit can be restored");
    }
    for gap in &shown.gaps {
        println!(
            "  {} to {}  {}",
            words::moment(gap.from, zone),
            words::moment_by(gap.until, zone, shown.ahead),
            in_words(gap, &shown.nowhere)
        );
    }
}

fn local(at: Option<UnixMillis>, zone: &TimeZone) -> jiff::Zoned {
    let at = at.map_or(0, |at| at.0);
    Timestamp::from_millisecond(at)
        .unwrap_or_default()
        .to_zoned(zone.clone())
}

fn print_holding(holding: &Holding, zone: &TimeZone) {
    let newest = holding.newest.as_ref().and_then(crate::backup::survey::moment_of);
    let newest = newest.map_or_else(String::new, |at| {
        format!(", the newest of {}", words::moment(at, zone))
    });
    let until = holding.commits_until;
    let until = until.map_or_else(String::new, |at| {
        format!(", commits until {}", words::moment(at, zone))
    });
    let through = holding.restorable_through.zip(holding.chain.as_ref());
    let through = through.map_or_else(String::new, |(commit, chain)| {
        format!(" (through commit {commit} of {})", words::chain(chain))
    });
    println!(
        "{}: {}{newest}{until}{through}, {}",
        holding.name,
        words::count(holding.points as u64, "restore point"),
        words::size(holding.size_bytes)
    );
    if let (Some(first), count) = (holding.ahead.first(), holding.ahead.len()) {
        let (what, are) = match count {
            1 => (first.to_string(), "is"),
            _ => (format!("{count} of them, from {first} on,"), "are"),
        };
        println!("    {what} {are} dated in the future, and passed over");
    }
    for problem in &holding.problems {
        println!("    WRONG: {problem}");
    }
    for other in &holding.other_agents {
        println!("    {}", other.told(|at| words::moment(at, zone)));
    }
}

/// How many points of how many bytes a day has.
fn total(shown: &Shown, day: &str, zone: &TimeZone) -> String {
    let is_of_day = |point: &&Listed| local(point.moment(), zone).strftime("%A %Y-%m-%d").to_string() == day;
    let of_day: Vec<&Listed> = shown.restore_points.iter().filter(is_of_day).collect();
    let size_bytes = of_day.iter().map(|point| point.size_bytes).sum();
    format!(
        "  ({}, {})",
        words::count(of_day.len() as u64, "point"),
        words::size(size_bytes)
    )
}

fn print_point(point: &Listed, zone: &TimeZone) {
    let at = local(point.moment(), zone);
    let commit = point
        .commit
        .zip(point.chain.as_ref())
        .map(|(commit, chain)| format!("  commit {commit} of {}", words::chain(chain)));
    println!(
        "  {}  {:5}  {}  {:>10}  {:17}  {}{}",
        at.strftime("%H:%M:%S %Z"),
        point.kind(),
        point.id,
        words::size(point.size_bytes),
        point.state(),
        point.holders(),
        commit.unwrap_or_default()
    );
    for problem in &point.problems {
        println!("      {problem}");
    }
}

fn told(range: &Range, (knows_all, gaps): (bool, &[Gap]), zone: &TimeZone) -> String {
    let is_right_before = |gap: &Gap| {
        matches!(gap.what, What::Arriving { last, .. } if last.next() == range.first)
            && gap.chain.as_ref() == Some(&range.chain)
    };
    let unreachable = match (range.restorable_from, knows_all) {
        (None, true) if gaps.iter().any(is_right_before) => {
            "  once those before them have arrived, if they do"
        }
        (None, true) => "  UNREACHABLE: no restore point leads to them",
        _ => "",
    };
    format!(
        "chain {}  every one from {} to {}, until {}, {}{unreachable}",
        words::chain(&range.chain),
        range.first,
        range.last,
        words::moment(range.last_at, zone),
        words::size(range.size_bytes)
    )
}

fn in_words(gap: &Gap, nowhere: &str) -> String {
    let chain = gap.chain.as_ref().map(words::chain).unwrap_or_default();
    match &gap.what {
        What::Missing { first, last } => match first == last {
            true => format!("MISSING: commit {first} of chain {chain} is whole {nowhere}"),
            false => {
                format!("MISSING: commits {first} to {last} of chain {chain} are whole {nowhere}")
            }
        },
        What::Arriving {
            first,
            last,
            sent_here,
        } => {
            let (what, are) = match first == last {
                true => (format!("commit {first}"), "is"),
                false => (format!("commits {first} to {last}"), "are"),
            };
            match sent_here {
                true => format!(
                    "on the way: {what} of chain {chain} {are} not there yet, and later ones are: several are sent at the same \
                     time"
                ),
                false => format!(
                    "NOT THERE: {what} of chain {chain} {are} {nowhere}, and later ones are: several are sent at \
                     the same time. Where the server that sends them still lives they may be on the way; where it died they \
                     are lost, and what follows them leads nowhere"
                ),
            }
        }
        What::OneStep { commit } => {
            format!("nobody followed the shop: all that happened is commit {commit} of chain {chain}")
        }
        What::NewChain => format!("a new chain, {chain}, begins: it can be restored from its first point on"),
        What::StillAway { commits } => {
            let held = words::uncaptured(*commits, "since then");
            let held = held.unwrap_or_else(|| "its log holds no commit since then".to_owned());
            format!("nobody follows the shop at this moment: {held}")
        }
        What::Absent => "the agent did not run, and no commit of that time is known".to_owned(),
        // By the moments alone at which it looked at the machine.
        What::Away if gap.chain.is_none() => {
            "the agent did not run for some of it, or this server's clock was set: what happened then carries the moment of \
             its return"
                .to_owned()
        }
        What::Away => {
            "the agent did not run for some of it: what happened then carries the moment of its return"
                .to_owned()
        }
    }
}
