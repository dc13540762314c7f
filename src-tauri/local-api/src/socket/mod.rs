//! The socket: where it is, who may have made it, and who is at its other end.
//!
//! Other users can't reach it, because its folder is its user's alone. Nothing keeps out other programs of the same
//! user: the app asks that user which of them it may serve.

mod folder;

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{Uid, geteuid};
use tokio::net::{UnixListener, UnixStream};

use self::folder::Folder;
pub use self::folder::FolderError;

/// The socket's file.
const NAME: &str = "local-api.sock";

/// The longest path that a socket can have on each system, without its end.
const MAX_PATH_LENGTH: usize = 103;

/// The folder of the socket: the app's own.
#[cfg(target_os = "macos")]
#[must_use]
pub fn default_folder() -> PathBuf {
    let home = std::env::home_dir().unwrap_or_default();
    home.join("Library/Application Support")
        .join(brand::IDENTIFIER)
}

/// The folder of the socket: in memory, and removed when the user logs out.
#[cfg(not(target_os = "macos"))]
#[must_use]
pub fn default_folder() -> PathBuf {
    let runtime = match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(folder) if Path::new(&folder).is_absolute() => folder.into(),
        Some(_) | None => PathBuf::from(format!("/run/user/{}", geteuid().as_raw())),
    };
    runtime.join(brand::IDENTIFIER)
}

/// Why there is no socket to listen on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Another process of this user listens there.
    #[error("another process listens on the socket")]
    InUse,
    /// The path is longer than a socket's can be.
    #[error("the path of the socket is too long")]
    PathTooLong,
    /// The system refuses.
    #[error("the socket can't be made")]
    Io(#[from] io::Error),
}

/// Listens for programs of this user.
#[derive(Debug)]
pub struct Listener {
    inner: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl Listener {
    /// Makes the socket, in place of one that an earlier process left. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The [`BindError`] why there is none.
    pub fn bind(folder: &Path) -> Result<Self, BindError> {
        let path = folder.join(NAME);
        if path.as_os_str().len() > MAX_PATH_LENGTH {
            return Err(BindError::PathTooLong);
        }
        let folder = Folder::prepare(folder)?;
        match std::os::unix::net::UnixStream::connect(&path) {
            Ok(_) => return Err(BindError::InUse),
            // Nobody listens there any more, it is no socket, or there is nothing.
            Err(_) => folder.remove(NAME)?,
        }
        let listener = UnixListener::bind(&path)?;
        folder.restrict(NAME)?;
        let inode = std::fs::symlink_metadata(&path)?.ino();
        Ok(Self {
            inner: listener,
            path,
            inode,
        })
    }

    /// Waits for a program of this user; another user's connection is dropped. Cancel safe.
    ///
    /// # Errors
    /// When the system refuses, such as for want of file descriptors.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.inner.accept().await?;
            // Of one that has gone already, some systems don't tell.
            if is_of(&stream, geteuid()).unwrap_or(false) {
                return Ok(stream);
            }
        }
    }

    /// Where the socket is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Another process may have taken the place.
        let is_ours = |metadata: std::fs::Metadata| metadata.ino() == self.inode;
        if std::fs::symlink_metadata(&self.path).is_ok_and(is_ours) {
            // One that stays is replaced by the next process.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Why the app can't be talked to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The app isn't running, or doesn't serve programs.
    #[error("the app isn't running, or doesn't serve programs")]
    NotServed,
    /// The folder isn't the user's alone: somebody else could have put a socket there.
    #[error(transparent)]
    Folder(FolderError),
    /// Another user listens on the socket.
    #[error("another user listens on the socket")]
    ForeignServer,
    /// The system refuses.
    #[error("the socket can't be used")]
    Io(#[source] io::Error),
}

/// Connects to the app of this user, and makes sure that it is that before anything is sent.
///
/// # Errors
/// The [`ConnectError`] why there is no connection.
pub async fn connect(folder: &Path) -> Result<UnixStream, ConnectError> {
    connect_to(folder, geteuid()).await
}

async fn connect_to(folder: &Path, user: Uid) -> Result<UnixStream, ConnectError> {
    match Folder::open(folder) {
        Err(FolderError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(ConnectError::NotServed);
        }
        opened => drop(opened.map_err(ConnectError::Folder)?),
    }
    let stream = UnixStream::connect(folder.join(NAME)).await;
    let stream = stream.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ConnectError::NotServed,
        _ => ConnectError::Io(error),
    })?;
    match is_of(&stream, user) {
        Ok(true) => Ok(stream),
        Ok(false) => Err(ConnectError::ForeignServer),
        Err(error) => Err(ConnectError::Io(error)),
    }
}

/// Whether a user is at the other end.
fn is_of(stream: &UnixStream, user: Uid) -> io::Result<bool> {
    Ok(stream.peer_cred()?.uid() == user.as_raw())
}

#[cfg(test)]
mod tests;
