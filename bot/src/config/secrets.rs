//! Where secrets come from: `$CREDENTIALS_DIRECTORY/<NAME>`, else the environment, else `.env` beside the TOML, else the
//! folder `credentials` beside it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protocol::{
    secret::{Secret, parse_dotenv},
    settings::Faults,
};

/// The sources, in their order.
pub(super) struct Secrets {
    credentials: Option<PathBuf>,
    /// Where the units take theirs from: a command by hand finds them there as well.
    source: PathBuf,
    dotenv: Secret,
}

impl Secrets {
    pub(super) fn open(config: &Path, faults: &mut Faults) -> Self {
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let path = config.with_file_name(".env");
        let dotenv = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                faults.add(format!("{} cannot be read: {error}", path.display()));
                String::new()
            }
        };
        Self {
            credentials,
            source: config.with_file_name("credentials"),
            dotenv: Secret::new(&dotenv),
        }
    }

    /// A secret that must be there.
    pub(super) fn need(&mut self, name: &str, faults: &mut Faults) -> Secret {
        let in_dotenv = || {
            let mut pairs = parse_dotenv(self.dotenv.expose());
            pairs
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.to_owned())
        };
        let found = (self.credentials.as_deref())
            .and_then(|dir| fs::read_to_string(dir.join(name)).ok())
            .or_else(|| std::env::var(name).ok())
            .or_else(in_dotenv)
            .or_else(|| fs::read_to_string(self.source.join(name)).ok());
        let secret = Secret::new(&found.unwrap_or_default());
        if secret.is_empty() {
            faults.add(format!(
                "the secret {name} is missing; put it into a file credentials/{name} beside the configuration, into .env \
                 beside it, or into the environment"
            ));
        }
        secret
    }
}
