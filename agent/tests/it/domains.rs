//! The shop's names, each looked at for itself: none is left out, and none holds the others up.

use std::{net::TcpListener, time::Instant};

use agent::{
    alert::rule::{Observation, Rule},
    watch::{
        certificate::Certificates,
        egress::Egress,
        probe::{At, Probe, Verdict},
    },
};
use protocol::time::UnixMillis;

const NAMES: usize = 12;

fn at(tick: Instant) -> At {
    At {
        now: UnixMillis(0),
        tick,
    }
}

/// Of all names those that are unreachable, in order, with why.
fn unreachable(probe: &mut Certificates) -> Vec<(String, String)> {
    let seen = probe.look(at(Instant::now()));
    let wrong = seen
        .findings
        .into_iter()
        .filter_map(|finding| match finding.verdict {
            Verdict::Known(Observation::Wrong {
                rule: Rule::DomainUnreachable,
                detail,
            }) => Some((finding.key.object().to_owned(), detail)),
            _ => None,
        });
    wrong.collect()
}

fn outside(place: &TcpListener) -> Egress {
    let mut egress = Egress::new([format!("http://{}", place.local_addr().unwrap()).as_str()]);
    egress.look(at(Instant::now()));
    egress
}

#[test]
fn each_of_many_names_that_refuse_is_unreachable() {
    let place = TcpListener::bind("127.0.0.1:0").unwrap();
    let listeners: Vec<_> = (0..NAMES)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let names: Vec<String> = listeners
        .iter()
        .map(|listener| listener.local_addr().unwrap().to_string())
        .collect();
    drop(listeners);
    let mut probe = Certificates::new(names.clone(), outside(&place).outside());
    let told: Vec<String> = unreachable(&mut probe)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(told, names);
}

#[test]
fn many_names_that_hang_are_looked_at_within_the_limit_of_one_look() {
    let place = TcpListener::bind("127.0.0.1:0").unwrap();
    // The kernel takes the connections, and nobody ever says a word on them.
    let listeners: Vec<_> = (0..NAMES)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let names = listeners
        .iter()
        .map(|listener| listener.local_addr().unwrap().to_string());
    let mut probe = Certificates::new(names.collect(), outside(&place).outside());
    let began = Instant::now();
    let told = unreachable(&mut probe);
    assert_eq!(told.len(), NAMES);
    assert!(began.elapsed() < probe.limit(), "{:?}", began.elapsed());
    for (_, why) in told {
        assert_eq!(why, "127.0.0.1: it did not answer in time");
    }
}
