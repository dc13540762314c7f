//! The socket's folder, which must be its user's alone: the way to it has no link that somebody else could turn.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, fstat, open, unlinkat};
use rustix::process::geteuid;

/// Why a folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It belongs to another user.
    #[error("the folder {} belongs to another user", .0.display())]
    NotOwned(PathBuf),
    /// Other users may use it.
    #[error("other users may use the folder {}", .0.display())]
    NotPrivate(PathBuf),
    /// It, or a folder on the way to it, is a link.
    #[error("the path {} leads over a link", .0.display())]
    Link(PathBuf),
    /// It can't be opened or changed.
    #[error("the folder can't be used")]
    Io(#[from] io::Error),
}

/// An open folder that is its user's alone.
pub(super) struct Folder {
    open: File,
    path: PathBuf,
}

impl Folder {
    /// Makes the folder, or takes one that is there and the user's own.
    pub(super) fn prepare(path: &Path) -> Result<Self, FolderError> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        let folder = Self::open_owned(path)?;
        if folder.others_may()? != 0 {
            folder.open.set_permissions(Permissions::from_mode(0o700))?;
        }
        folder.check_privacy()?;
        Ok(folder)
    }

    /// Opens the folder as it is.
    pub(super) fn open(path: &Path) -> Result<Self, FolderError> {
        let folder = Self::open_owned(path)?;
        folder.check_privacy()?;
        Ok(folder)
    }

    fn open_owned(path: &Path) -> Result<Self, FolderError> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = match open(path, flags, Mode::empty()) {
            // What a link is reported as depends on the system.
            Err(_) if path.is_symlink() => return Err(FolderError::Link(path.to_owned())),
            opened => opened.map_err(io::Error::from)?,
        };
        if fs::canonicalize(path)? != path {
            return Err(FolderError::Link(path.to_owned()));
        }
        let status = fstat(&opened).map_err(io::Error::from)?;
        if status.st_uid != geteuid().as_raw() {
            return Err(FolderError::NotOwned(path.to_owned()));
        }
        Ok(Self {
            open: opened.into(),
            path: path.to_owned(),
        })
    }

    fn check_privacy(&self) -> Result<(), FolderError> {
        match self.others_may()? {
            0 => Ok(()),
            _ => Err(FolderError::NotPrivate(self.path.clone())),
        }
    }

    /// The bits of what its group and others may do.
    fn others_may(&self) -> io::Result<u32> {
        Ok(self.open.metadata()?.permissions().mode() & 0o077)
    }

    /// Removes a file from the folder, and not what a link leads to.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match unlinkat(&self.open, name, AtFlags::empty()) {
            Err(rustix::io::Errno::NOENT) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Restricts a file in the folder to its user.
    pub(super) fn restrict(&self, name: &str) -> io::Result<()> {
        std::fs::set_permissions(self.path.join(name), std::fs::Permissions::from_mode(0o600))
    }
}
