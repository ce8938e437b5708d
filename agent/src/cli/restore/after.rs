//! What comes next once a restore has put the shop in its place.
//! It only prints.

use super::refusals::quoted;
use crate::{config::Config, restore::Done};

pub(super) fn next(config: &Config, done: &Done) {
    if let Some(folder) = &done.made_folder {
        println!(
            "The folder {} did not exist and was made. If the bot runs as another user, give it to that user first: \
         chown -R warung:warung {}",
            folder.display(),
            quoted(&folder.to_string_lossy())
        );
    }
    println!();
    println!("Next: systemctl start {} agent.service", config.bot.unit);
    println!("Sales stay paused until the seller releases them: stock may have been sold after this moment.");
    println!(
        "{}",
        if done.replaced.is_some() {
            "The bot looks into the database that was there before and keeps out of sale what went out there: leave it \
         where it is until the bot has started."
        } else {
            "Where a later state of the shop is at hand, bot withhold keeps out of sale what went out there \
         (docs/RECOVERY.md)."
        }
    );
}
