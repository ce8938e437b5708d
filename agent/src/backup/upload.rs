//! One staged restore point onto every remote at once: each for itself, so that one that is down or slow neither
//! stops nor delays another.
//! A remote that fails at an object is left without the manifest: what lies there then is no restore point.

use std::sync::Arc;

use anyhow::Context;
use tokio::task::JoinSet;

use super::{
    Outcome, Progress,
    remote::{self, Remote},
    stage::Staged,
};
use crate::config::Config;

pub(super) async fn to_every_remote(
    config: &Config,
    staged: &Arc<Staged>,
    progress: &Arc<dyn Progress>,
) -> Vec<Outcome> {
    progress.begin("uploading", staged.size_bytes() * config.remotes.len() as u64);
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut uploads = JoinSet::new();
    for (at, remote) in config.remotes.iter().enumerate() {
        // Until its task says otherwise; also what stands if that task panics.
        let error = Some("its upload ended without a word".to_owned());
        outcomes.push(Outcome {
            remote: remote.name.clone(),
            error,
        });
        match remote::open(remote) {
            Err(fault) => outcomes[at].error = Some(fault),
            Ok(remote) => {
                let (staged, progress) = (Arc::clone(staged), Arc::clone(progress));
                uploads.spawn(async move { (at, to_remote(&remote, staged, &*progress).await) });
            }
        }
    }
    while let Some(ended) = uploads.join_next().await {
        if let Ok((at, result)) = ended {
            outcomes[at].error = result.err().map(|error| format!("{error:#}"));
        }
    }
    outcomes
}

async fn to_remote(remote: &Remote, staged: Arc<Staged>, progress: &dyn Progress) -> anyhow::Result<()> {
    for (key, size_bytes, sha256) in staged.uploads() {
        let (source, name) = (Arc::clone(&staged), key.clone());
        let bytes = tokio::task::spawn_blocking(move || source.read(&name))
            .await
            .context("the reading thread ended")??;
        remote
            .put(&key, &bytes, &sha256)
            .await
            .with_context(|| format!("writing {key}"))?;
        progress.advance(size_bytes);
    }
    Ok(())
}
