//! The files of clients.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::moment;

/// A file of a client.
#[derive(Debug, Clone)]
pub(crate) struct ClientFile {
    pub(crate) id: u64,
    client_id: u64,
    /// The name that the file had when it was uploaded.
    pub(crate) name: &'static str,
    pub(crate) content: FileContent,
    pub(crate) scan: ScanStatus,
    created_at: Timestamp,
}

/// What a file contains. It is made when it is downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileContent {
    /// A page with this text.
    Pdf(&'static str),
    /// Plain text in UTF-8.
    Text(&'static str),
    /// As many bytes as [`Settings::large_file_bytes`] says.
    ///
    /// [`Settings::large_file_bytes`]: crate::Settings::large_file_bytes
    Large,
}

/// The result of the scan for viruses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanStatus {
    Clean,
    /// A virus was found, and the file is gone.
    Infected,
    /// The scan is not complete, and the file is locked.
    Pending,
}

impl FileContent {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Pdf(_) => "application/pdf",
            Self::Text(_) => "text/plain; charset=UTF-8",
            Self::Large => "application/octet-stream",
        }
    }
}

impl ClientFile {
    /// The file of a list, with its size in bytes.
    pub(crate) fn to_json(&self, size: u64, created_by: Option<u64>) -> Value {
        let extension = self.name.rsplit('.').next().unwrap_or_default();
        let scan = match self.scan {
            ScanStatus::Clean => "clean",
            ScanStatus::Infected => "infected",
            ScanStatus::Pending => "pending",
        };
        let creator = match created_by {
            Some(id) => json!({"id": id, "type": "team_member"}),
            None => json!({"id": self.client_id, "type": "client"}),
        };
        json!({
            "object": "client_file",
            "id": self.id,
            "type": "internal",
            "source": {"id": self.client_id, "type": "client"},
            "name": self.name,
            "attachment": {
                "object": "attachment",
                "id": self.id,
                "name": format!("{}.{extension}", Uuid::from_u128(u128::from(self.id))),
                "original": self.name,
                "type": self.content.media_type(),
                "size": size,
                "av_status": scan,
                "created_at": self.created_at,
                "updated_at": self.created_at,
            },
            "created_by": creator,
            "is_deletable": true,
            "expires_at": null,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "redacted_at": null,
        })
    }
}

/// The files of a demo client. The first client of a team has one of each kind; of the others, every
/// third has none.
pub(super) fn demo(client_id: u64, client_index: usize) -> Vec<ClientFile> {
    use FileContent::{Large, Pdf, Text};
    use ScanStatus::{Clean, Infected, Pending};
    let letter = ("engagement-letter.pdf", Pdf("Engagement letter"), Clean);
    let notes = (
        "notes.txt",
        Text("Called back. Prefers “Siân”, not “Sian”.\n"),
        Clean,
    );
    let files = match client_index {
        0 => vec![
            letter,
            notes,
            (
                "Führerschein \"neu\" – Łódź.pdf",
                Pdf("Driving licence"),
                Clean,
            ),
            ("large.bin", Large, Clean),
            ("virus.pdf", Pdf("Gone"), Infected),
            ("just-uploaded.pdf", Pdf("Locked"), Pending),
        ],
        _ => [letter, notes].into_iter().take(client_index % 3).collect(),
    };
    let with_ids = (client_id * 10..).zip(files);
    with_ids
        .map(|(id, (name, content, scan))| ClientFile {
            id,
            client_id,
            name,
            content,
            scan,
            created_at: moment(client_index * 29 + 2),
        })
        .collect()
}
