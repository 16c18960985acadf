//! Files sent to the bot: checked before the download, kept in memory only.

use std::io;
use std::time::Duration;

use teloxide::net::Download;
use teloxide::prelude::*;

use super::super::api::Api;
use super::super::incoming::TelegramFile;
use super::super::names::{self, check_picture, check_size};
use super::asking::joined;
use super::{Chat, ConversationMessage, FetchedFile, MOST_FILES};
use crate::engine::Attachment;
use crate::message::Image;

/// Maximum time between the files of an album.
const ALBUM: Duration = Duration::from_millis(1_500);

impl Chat {
    /// Downloads a file, unless it is too large.
    pub(super) fn file(&mut self, file: TelegramFile, caption: String) {
        let here = self.attachments.len() + self.images.len() + self.fetching;
        if self.conversation.queued_files() + here >= MOST_FILES {
            return self.say(&format!(
                "at most {MOST_FILES} files can be sent at a time: send the rest after the next answer"
            ));
        }
        let checked = if file.is_photo {
            check_picture(&file.name, file.size)
        } else {
            check_size(&file.name, file.size)
        };
        if let Err(refusal) = checked {
            return self.refused(&refusal.to_string(), caption, file.album.is_some());
        }
        self.fetching += 1;
        let collection = self.collection;
        let (api, mailbox) = (self.context.api.clone(), self.mailbox.clone());
        tokio::spawn(async move {
            let fetched = fetch(&api, &file).await;
            // The conversation may have ended.
            let sending = mailbox.send(ConversationMessage::Fetched {
                fetched,
                caption,
                is_alone: file.album.is_none(),
                collection,
            });
            let _ = sending.await;
        });
    }

    /// A forwarded message waits for a question, as a file does.
    pub(super) fn forwarded(&mut self, quoted: Attachment) {
        if self.attachments.len() + self.images.len() + self.fetching >= MOST_FILES {
            return self.say(&format!(
                "at most {MOST_FILES} forwarded messages and files can go with one question"
            ));
        }
        self.attachments.push(quoted);
        self.wait_for_album();
    }

    /// Reports a rejected file; a question that was about this file only is not asked.
    fn refused(&mut self, why: &str, caption: String, is_of_an_album: bool) {
        if caption.is_empty() {
            return self.say(why);
        }
        if is_of_an_album {
            self.captions.push(caption);
            self.wait_for_album();
            return self.say(why);
        }
        self.say(&format!("{why}; your question was not asked"));
    }

    /// Takes a downloaded file: it waits for a question, unless it has a caption.
    pub(super) async fn fetched(
        &mut self,
        fetched: Result<FetchedFile, String>,
        caption: String,
        is_alone: bool,
    ) {
        self.fetching = self.fetching.saturating_sub(1);
        match fetched {
            Ok(FetchedFile::Text(attachment)) => self.attachments.push(attachment),
            Ok(FetchedFile::Picture(image)) => self.images.push(image),
            Err(why) => self.say(&why),
        }
        let is_asked = is_alone && !caption.is_empty();
        if !caption.is_empty() {
            self.captions.push(caption);
        }
        if is_asked && self.fetching == 0 {
            return self.album_over(self.album).await;
        }
        self.wait_for_album();
    }

    /// The other files of an album are separate messages without a caption.
    fn wait_for_album(&mut self) {
        self.album += 1;
        let (album, mailbox) = (self.album, self.mailbox.clone());
        tokio::spawn(async move {
            tokio::time::sleep(ALBUM).await;
            let _ = mailbox.send(ConversationMessage::AlbumOver(album)).await;
        });
    }

    /// No more files arrived for a while.
    pub(super) async fn album_over(&mut self, album: u64) {
        if album != self.album || self.fetching > 0 {
            return;
        }
        let text = joined(std::mem::take(&mut self.captions));
        let count = self.attachments.len() + self.images.len();
        if count == 0 && !text.is_empty() {
            return self.say("your question was not asked, because its file could not be read");
        }
        if count == 0 {
            return;
        }
        if text.is_empty() {
            let what = if count == 1 { "it" } else { "them" };
            return self.say(&format!(
                "What should I do with {what}? Send your question."
            ));
        }
        self.ask(None, text).await;
    }
}

/// Downloads a file into memory.
async fn fetch(api: &Api, file: &TelegramFile) -> Result<FetchedFile, String> {
    let name = &file.name;
    let failed = |why: String| format!("`{name}` could not be downloaded: {why}");
    let found = api.bot.get_file(file.id.clone()).await;
    let found = found.map_err(|error| failed(api.describe(&error)))?;
    let mut bytes = Limited::new(if file.is_photo {
        names::MOST_BYTES_OF_PICTURE
    } else {
        names::MOST_BYTES
    });
    if api.is_local && found.path.starts_with('/') {
        // A local API server may give a path instead.
        let read = copy_from(&found.path, &mut bytes).await;
        read.map_err(|error| failed(error.to_string()))?;
    } else {
        let fetched = api.bot.download_file(&found.path, &mut bytes).await;
        fetched.map_err(|error| failed(api.describe_download(&error)))?;
    }
    let bytes = bytes.bytes;
    if file.is_photo {
        return Ok(FetchedFile::Picture(Image::new(&bytes)));
    }
    let text = names::text(name, bytes).map_err(|refusal| refusal.to_string())?;
    Ok(FetchedFile::Text(Attachment {
        name: name.clone(),
        text,
    }))
}

async fn copy_from(path: &str, bytes: &mut Limited) -> io::Result<()> {
    // Opening a pipe would block for ever.
    if !tokio::fs::metadata(path).await?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut file = tokio::fs::File::open(path).await?;
    tokio::io::copy(&mut file, bytes).await?;
    Ok(())
}

use limited::Limited;

/// A buffer with a maximum size.
mod limited {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::AsyncWrite;

    /// Fails when the limit is exceeded.
    pub struct Limited {
        pub bytes: Vec<u8>,
        most: u64,
    }

    impl Limited {
        pub fn new(most: u64) -> Limited {
            Limited {
                bytes: Vec::new(),
                most,
            }
        }
    }

    impl AsyncWrite for Limited {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            more: &[u8],
        ) -> Poll<io::Result<usize>> {
            if (self.bytes.len() + more.len()) as u64 > self.most {
                return Poll::Ready(Err(io::Error::other("it is larger than Telegram reported")));
            }
            self.bytes.extend_from_slice(more);
            Poll::Ready(Ok(more.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
}
