//! What is done once a way has taken a request: it is written down, and the message that a new one goes on from says so.
//! That change tells nothing new: nothing waits for it, and it is not tried again.

use std::sync::Arc;

use protocol::incident::Severity;

use super::{Parcel, Sender, now};
use crate::alert::{
    channels::{Letter, Outcome},
    words::phrases,
};

impl Sender {
    /// What only one line was said of is a message that can be changed alone.
    ///
    /// # Errors
    /// When the database refuses; then what is not written down will be repeated, marked.
    pub(super) fn sent(&self, parcel: &Parcel, message_id: Option<i64>) -> anyhow::Result<()> {
        let at_once = match parcel.is_summary() {
            true => parcel.rows.len(),
            false => 1,
        };
        for rows in parcel.rows.chunks(at_once) {
            self.store.delivery_sent(rows, message_id, now())?;
        }
        if let (Some(_), Some(older)) = (message_id, parcel.goes_on_from())
            && !self.store.is_summary(self.address.chat_id, older)?
        {
            self.point_down(older);
        }
        Ok(())
    }

    /// All that this one said stands in the newer one, with the buttons.
    fn point_down(&self, older: i64) {
        let (channel, chat_id) = (Arc::clone(&self.channel), self.address.chat_id);
        let text = format!("⏬ {}", phrases(self.voice.language).replaced_headline);
        tokio::spawn(async move {
            let letter = Letter {
                id: 0,
                chat_id,
                headline: &text,
                text: &text,
                severity: Severity::Info,
                loud: false,
                buttons: &[],
                reply_to: None,
            };
            let outcome = channel.edit(&letter, older).await;
            if !matches!(outcome, Outcome::Sent { .. }) {
                tracing::debug!(
                    ?outcome,
                    "an older message does not say that it goes on in a newer one"
                );
            }
        });
    }
}
