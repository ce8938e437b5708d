//! Many seeds through the simulation. A seed that fails is printed with its story, and `WARUNG_SEED` plays it again.
//! `WARUNG_SEEDS` says how many.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends, and says where")]

use durability::{progress::Progress, simulation::Simulation};

const SEEDS: u64 = 200;
const STEPS: usize = 250;

/// Plays one seed to its end.
fn play(seed: u64, people_delete: bool) -> Vec<String> {
    let mut simulation = Simulation::new(seed).unwrap();
    simulation.people_delete = people_delete;
    let ended = simulation.run(STEPS);
    if !matches!(ended, Ok(None)) {
        let story = simulation.story.join("\n  ");
        panic!("WARUNG_SEED={seed} ends with {ended:?} after\n  {story}");
    }
    simulation.story
}

#[test]
fn whatever_happens_in_whatever_order_the_shop_keeps_its_promises() {
    if let Ok(seed) = std::env::var("WARUNG_SEED") {
        println!("{}", play(seed.parse().unwrap(), false).join("\n"));
        return;
    }
    let seeds = std::env::var("WARUNG_SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    let first: u64 = if seeds > SEEDS {
        rand::random::<u32>().into()
    } else {
        0
    };
    let mut progress = Progress::new("seeds", usize::try_from(seeds).unwrap());
    let mut steps = 0;
    for (done, seed) in (first..first + seeds).enumerate() {
        steps += play(seed, false).len();
        progress.at(done + 1, 0);
    }
    println!("{seeds} seeds from {first} on, {steps} things happened");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 0..10 {
        let (first, second) = (play(seed, false), play(seed, false));
        let parting = first.iter().zip(&second).find(|(one, other)| one != other);
        assert_eq!((parting, first.len()), (None, second.len()), "seed {seed}");
    }
}

#[test]
fn goods_whose_frame_was_deleted_go_into_a_new_one() {
    for seed in 0..SEEDS / 2 {
        play(seed, true);
    }
}
