//! What the durability tests share: a disk that can lose its power, and a world in which the shop's machines are
//! driven step by step by a seed. It opens no socket and asks no clock.

pub mod disk;
pub mod locks;
pub mod pretend;
pub mod progress;
pub mod simulation;
pub mod vfs;
