use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

/// A folder for the socket's folder, at a path without links.
fn parent() -> (tempfile::TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let path = fs::canonicalize(parent.path()).unwrap();
    (parent, path)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn program_of_the_user_reaches_the_app_and_nobody_elses_files_are_open() {
    let (_parent, path) = parent();
    let folder = path.join("app");
    let listener = Listener::bind(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(listener.path()), 0o600);
    let (connected, accepted) = tokio::join!(connect(&folder), listener.accept());
    connected.unwrap();
    accepted.unwrap();
    drop(listener);
    let closed = connect(&folder).await;
    assert!(matches!(closed, Err(ConnectError::NotServed)), "{closed:?}");
}

#[tokio::test]
async fn app_that_does_not_run_is_said_to_be_not_served() {
    let (_parent, path) = parent();
    let missing = connect(&path.join("app")).await;
    assert!(
        matches!(missing, Err(ConnectError::NotServed)),
        "{missing:?}"
    );
}

#[tokio::test]
async fn socket_that_is_listened_on_is_not_replaced() {
    let (_parent, path) = parent();
    let folder = path.join("app");
    let first = Listener::bind(&folder).unwrap();
    let second = Listener::bind(&folder);
    assert!(matches!(second, Err(BindError::InUse)), "{second:?}");
    drop(first);
    Listener::bind(&folder).unwrap();
}

#[tokio::test]
async fn leftover_is_replaced() {
    let (_parent, path) = parent();
    let folder = path.join("app");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    // A socket that nobody listens on, and a link to a file that must stay.
    let kept = path.join("kept");
    fs::write(&kept, "content").unwrap();
    symlink(&kept, folder.join(NAME)).unwrap();
    let listener = Listener::bind(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
    drop(listener);
    symlink(path.join("nothing"), folder.join(NAME)).unwrap();
    let listener = Listener::bind(&folder).unwrap();
    // Another process has taken the place meanwhile: its socket stays.
    fs::rename(listener.path(), path.join("earlier")).unwrap();
    let other = std::os::unix::net::UnixListener::bind(folder.join(NAME)).unwrap();
    drop(listener);
    assert!(folder.join(NAME).exists());
    drop(other);
    drop(Listener::bind(&folder).unwrap());
    assert_eq!(fs::read_to_string(kept).unwrap(), "content");
}

#[tokio::test]
async fn folder_that_others_can_use_or_turn_is_rejected() {
    let (_parent, path) = parent();
    let folder = path.join("app");
    let listener = Listener::bind(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o711)).unwrap();
    let open = connect(&folder).await;
    assert!(
        matches!(open, Err(ConnectError::Folder(FolderError::NotPrivate(_)))),
        "{open:?}"
    );
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();

    let link = path.join("link");
    symlink(&folder, &link).unwrap();
    let over_link = connect(&link).await;
    assert!(
        matches!(over_link, Err(ConnectError::Folder(FolderError::Link(_)))),
        "{over_link:?}"
    );
    let bound = Listener::bind(&link);
    assert!(
        matches!(bound, Err(BindError::Folder(FolderError::Link(_)))),
        "{bound:?}"
    );
    // Also where the link is further up.
    let below = link.join("deeper");
    let bound = Listener::bind(&below);
    assert!(
        matches!(bound, Err(BindError::Folder(FolderError::Link(_)))),
        "{bound:?}"
    );
    drop(listener);
}

#[tokio::test]
async fn server_of_another_user_is_told_nothing() {
    let (_parent, path) = parent();
    let folder = path.join("app");
    let listener = Listener::bind(&folder).unwrap();
    let somebody = Uid::from_raw(geteuid().as_raw() + 1);
    let foreign = connect_to(&folder, somebody).await;
    assert!(
        matches!(foreign, Err(ConnectError::ForeignServer)),
        "{foreign:?}"
    );
    let mut stream = listener.accept().await.unwrap();
    let mut sent = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut sent).await;
    assert_eq!((read.unwrap(), sent.as_slice()), (0, &[][..]));
}

#[test]
fn path_that_no_socket_can_have_is_named() {
    let (_parent, path) = parent();
    let folder = path.join("x".repeat(100));
    let bound = Listener::bind(&folder);
    assert!(matches!(bound, Err(BindError::PathTooLong)), "{bound:?}");
    assert!(!folder.exists());
}
