//! Free ports on the loopback, for programs that must know theirs before they start.
//! Below the range from which the kernel takes ports for outgoing connections, so that none of those is in the way.

use std::{
    net::{SocketAddr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// An address nobody listens on, and that this process did not hand out before.
///
/// # Panics
/// When none of ten thousand is free.
#[must_use]
pub fn free_address() -> SocketAddr {
    // Several test programs may run at once: each begins somewhere else.
    let own = u16::try_from(std::process::id() % u32::from(COUNT)).expect("less than ten thousand");
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (own.wrapping_mul(97).wrapping_add(step)) % COUNT;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port between {FIRST} and {} is free", FIRST + COUNT)
}
