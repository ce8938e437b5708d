//! Photos and documents. A file id belongs to one bot; the unique id belongs to the content.
//! What a photo is worth is read from its header only: nothing is decoded.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    io::Cursor,
    sync::Arc,
};

use image::{ImageFormat, Rgb, RgbImage};
use serde::{Deserialize, Serialize};

use crate::world::id::BotId;

/// A file as one bot knows it.
#[derive(Clone, Serialize, Deserialize)]
pub struct File {
    pub bot: BotId,
    pub file_id: String,
    pub unique_id: String,
    /// The path below `/file/bot<TOKEN>/`.
    pub path: String,
    pub name: String,
    pub mime: String,
    pub size_bytes: usize,
    /// Width and height in pixels; photos only.
    pub size_px: Option<(u32, u32)>,
    /// The smaller picture that comes with a photo.
    pub preview: Option<String>,
}

/// All files.
#[derive(Default, Serialize, Deserialize)]
pub struct Files {
    next: u64,
    by_id: BTreeMap<String, File>,
    /// Contents by unique id. Saved as files of their own.
    #[serde(skip)]
    contents: HashMap<String, Arc<Vec<u8>>>,
    /// Unique ids whose contents are not saved yet.
    #[serde(skip)]
    unsaved: Vec<String>,
}

/// A picture that is neither PNG nor JPEG.
pub struct NotAPicture;

impl Files {
    /// Stores a photo and a smaller preview of it.
    ///
    /// The preview is a blank card: a bot that picks the wrong size is noticed.
    pub fn add_photo(&mut self, bot: BotId, bytes: Vec<u8>) -> Result<File, NotAPicture> {
        let (mime, size_px) = picture_kind(&bytes).ok_or(NotAPicture)?;
        let extension = if mime == "image/png" { "png" } else { "jpg" };
        let preview_px = preview_size_px(size_px);
        let preview = self.add(
            bot,
            "AgACPre",
            "photos",
            ("preview.png", "image/png"),
            blank_picture(preview_px),
        );
        let preview_id = preview.file_id.clone();
        self.by_id
            .entry(preview_id.clone())
            .and_modify(|file| file.size_px = Some(preview_px));
        let photo = self.add(
            bot,
            "AgACBig",
            "photos",
            (&format!("photo.{extension}"), mime),
            bytes,
        );
        let stored = self.by_id.get_mut(&photo.file_id).expect("added above");
        stored.size_px = Some(size_px);
        stored.preview = Some(preview_id);
        Ok(stored.clone())
    }

    /// Stores a document.
    pub fn add_document(&mut self, bot: BotId, name: &str, mime: &str, bytes: Vec<u8>) -> File {
        self.add(bot, "BQACDoc", "documents", (name, mime), bytes)
    }

    fn add(
        &mut self,
        bot: BotId,
        prefix: &str,
        folder: &str,
        (name, mime): (&str, &str),
        bytes: Vec<u8>,
    ) -> File {
        self.next += 1;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let unique_id = format!("AQAD{:016x}", hasher.finish());
        let extension = extension_of(name);
        let file = File {
            bot,
            file_id: format!("{prefix}{:x}-{:06}", bot.0, self.next),
            unique_id: unique_id.clone(),
            path: format!("{folder}/file_{}.{extension}", self.next),
            name: name.to_owned(),
            mime: mime.to_owned(),
            size_bytes: bytes.len(),
            size_px: None,
            preview: None,
        };
        self.contents.insert(unique_id.clone(), Arc::new(bytes));
        self.unsaved.push(unique_id);
        self.by_id.insert(file.file_id.clone(), file.clone());
        file
    }

    /// The file of this id, if it belongs to this bot.
    pub fn get(&self, bot: BotId, file_id: &str) -> Option<&File> {
        self.by_id.get(file_id).filter(|file| file.bot == bot)
    }

    /// The file at a download path of this bot.
    pub fn at_path(&self, bot: BotId, path: &str) -> Option<&File> {
        self.by_id
            .values()
            .find(|file| file.bot == bot && file.path == path)
    }

    /// Any file with this content.
    pub fn of_unique_id(&self, unique_id: &str) -> Option<&File> {
        self.by_id.values().find(|file| file.unique_id == unique_id)
    }

    /// The bytes of a content.
    pub fn content(&self, unique_id: &str) -> Option<Arc<Vec<u8>>> {
        self.contents.get(unique_id).cloned()
    }

    /// Every content that the files need.
    pub fn unique_ids(&self) -> Vec<String> {
        self.by_id.values().map(|file| file.unique_id.clone()).collect()
    }

    /// Puts back a content that was saved.
    pub fn restore_content(&mut self, unique_id: String, bytes: Vec<u8>) {
        self.contents.insert(unique_id, Arc::new(bytes));
    }

    /// Contents to save, each handed out once.
    pub fn take_unsaved(&mut self) -> Vec<(String, Arc<Vec<u8>>)> {
        let ids = std::mem::take(&mut self.unsaved);
        ids.into_iter()
            .filter_map(|id| self.content(&id).map(|bytes| (id, bytes)))
            .collect()
    }
}

fn extension_of(name: &str) -> String {
    let extension = name.rsplit_once('.').map_or("bin", |(_, extension)| extension);
    let plain = extension.len() <= 8 && extension.chars().all(|c| c.is_ascii_alphanumeric());
    if plain {
        extension.to_ascii_lowercase()
    } else {
        "bin".to_owned()
    }
}

/// Telegram's smallest size fits into 90 × 90.
fn preview_size_px((width, height): (u32, u32)) -> (u32, u32) {
    let longest = width.max(height).max(90);
    let scaled = |side: u32| {
        u32::try_from(u64::from(side) * 90 / u64::from(longest))
            .unwrap_or(90)
            .max(1)
    };
    (scaled(width), scaled(height))
}

/// A plain card, as PNG.
pub fn blank_picture((width, height): (u32, u32)) -> Vec<u8> {
    let mut png = Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, Rgb([200, 205, 210]))
        .write_to(&mut png, ImageFormat::Png)
        .expect("a picture in memory can always be written to memory");
    png.into_inner()
}

/// MIME type and size in pixels of a PNG or JPEG.
fn picture_kind(bytes: &[u8]) -> Option<(&'static str, (u32, u32))> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let side = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        return Some(("image/png", (side(16)?, side(20)?)));
    }
    if bytes.starts_with(&[0xff, 0xd8]) {
        return jpeg_size_px(bytes).map(|size| ("image/jpeg", size));
    }
    None
}

/// Walks the segments of a JPEG to its frame header (ITU T.81, B.2.2).
fn jpeg_size_px(bytes: &[u8]) -> Option<(u32, u32)> {
    let short = |at: usize| {
        Some(u32::from(u16::from_be_bytes(
            bytes.get(at..at + 2)?.try_into().ok()?,
        )))
    };
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        let is_frame = (0xc0..=0xcf).contains(&marker) && ![0xc4, 0xc8, 0xcc].contains(&marker);
        if is_frame {
            return Some((short(at + 7)?, short(at + 5)?));
        }
        at += 2 + short(at + 2)? as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_picture_is_read_from_its_header() {
        assert_eq!(
            picture_kind(&blank_picture((30, 20))),
            Some(("image/png", (30, 20)))
        );
        let jpeg = [
            0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 17, 8, 0, 20, 0, 30, 3,
        ];
        assert_eq!(picture_kind(&jpeg), Some(("image/jpeg", (30, 20))));
        assert_eq!(picture_kind(b"GIF89a"), None);
    }

    #[test]
    fn the_same_picture_has_one_unique_id_and_a_file_id_for_each_bot() {
        let mut files = Files::default();
        let one = files.add_document(BotId(1), "a.txt", "text/plain", b"x".to_vec());
        let two = files.add_document(BotId(2), "a.txt", "text/plain", b"x".to_vec());
        assert_eq!(one.unique_id, two.unique_id);
        assert_ne!(one.file_id, two.file_id);
        assert!(files.get(BotId(1), &two.file_id).is_none());
    }
}
