//! The one place that opens shop.db. Everything above hands it work and gets values back.
//! It knows no order and no message; a transaction never spans a network call, because work is synchronous.

pub mod brake;
mod figures;
mod migrate;
mod open;
mod place;
mod reader;
mod scratch;
mod standing;
mod still;
mod writer;

pub use figures::{Figures, figures};
pub use migrate::{migrate, schema_version, status as migration_status};
pub use open::{
    Instance, OpenError, lock_instance, open_reader, open_untrusted, open_writer, require_the_running_shops,
};
pub use place::Place;
pub use reader::Reader;
pub use scratch::try_disk;
pub use standing::{Refusal, Standing, fault_of, is_of_disk};
pub use still::Still;
pub use writer::{WriteError, Writer};
