//! The remotes that a command is about: all, or the one named with `--remote`.

use super::Failure;
use crate::{
    backup::remote::{self, Remote},
    config::Config,
};

/// Opens them, in the configuration's order.
///
/// # Errors
/// Wrong use when no remote has that name.
pub fn open(config: &Config, only: Option<&str>) -> Result<Vec<Remote>, Failure> {
    let wanted: Vec<_> = config
        .remotes
        .iter()
        .filter(|it| only.is_none_or(|name| it.name == name))
        .collect();
    if wanted.is_empty() {
        let names: Vec<&str> = config.remotes.iter().map(|it| it.name.as_str()).collect();
        return Err(Failure::Refused(format!(
            "there is no remote '{}' in {}; it names: {}",
            only.unwrap_or_default(),
            config.path.display(),
            names.join(", ")
        )));
    }
    wanted
        .into_iter()
        .map(|it| remote::open(it).map_err(|fault| Failure::Failed(anyhow::anyhow!("{}: {fault}", it.name))))
        .collect()
}
