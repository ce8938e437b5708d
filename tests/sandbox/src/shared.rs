//! The one lock around the world, and the signal that it changed.
//! Nothing waits while the lock is held.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::world::World;

/// A handle to the world, cheap to clone.
#[derive(Clone)]
pub struct Shared {
    world: Arc<Mutex<World>>,
    version: watch::Sender<u64>,
}

impl Shared {
    /// Puts a world behind its lock.
    pub fn new(world: World) -> Shared {
        let version = watch::Sender::new(world.version);
        Shared {
            world: Arc::new(Mutex::new(world)),
            version,
        }
    }

    /// Looks at the world, or changes it. `now` is read once the lock is held, so that times never run backwards.
    pub fn with<T>(&self, act: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        // A panic in one handler must not silence the others: the world is plain data.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = act(&mut world, Timestamp::now());
        self.version.send_if_modified(|version| {
            let changed = *version != world.version;
            *version = world.version;
            changed
        });
        outcome
    }

    /// Hears of every change from now on.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}
