//! [`Files`] of a real directory: the only code that touches a file system.

use super::files::{File, Files, Lock, Open};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A directory of the file system.
#[derive(Clone, Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// Returns the directory at a path; it need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Directory(path.into())
    }
}

/// Returns the name of the file system that a directory is on if other machines share it over a network. Such a file
/// system may lose what it said was synced, and its locks may let two writers in. Only Linux is asked.
pub fn network_file_system(path: &Path) -> Option<&'static str> {
    #[cfg(target_os = "linux")]
    {
        // The numbers of `statfs(2)`.
        let name = |magic: u64| match magic as u32 {
            0x6969 => Some("NFS"),
            0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
            0x00c3_6400 => Some("Ceph"),
            0x5346_414f | 0x6b41_4653 => Some("AFS"),
            0x0102_1997 => Some("9P"),
            _ => None,
        };
        rustix::fs::statfs(path).ok().and_then(|found| name(found.f_type as u64))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        None
    }
}

impl Files for Directory {
    fn path(&self) -> String {
        self.0.display().to_string()
    }

    fn create_dir(&self) -> io::Result<()> {
        // The name of each new directory is made durable in its parent, the deepest first.
        let missing: Vec<&Path> =
            self.0.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
        fs::create_dir_all(&self.0)?;
        for made in missing {
            match made.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent)?,
                _ => sync_directory(Path::new("."))?,
            }
        }
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            // A name that is not Unicode is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn open(&self, name: &str, open: Open) -> io::Result<Box<dyn File>> {
        let write = open != Open::Read;
        let create = open == Open::Create;
        let file = fs::OpenOptions::new().read(true).write(write).create_new(create).open(self.0.join(name))?;
        Ok(Box::new(Opened(file)))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    fn sync_dir(&self) -> io::Result<()> {
        sync_directory(&self.0)
    }

    fn lock(&self, name: &str, note: &str) -> io::Result<Option<Box<dyn Lock>>> {
        let path = self.0.join(name);
        // What a link leads to is somebody else's, and would be written over.
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file of its own, such as a link"));
        }
        let file = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        let held = Held { file: Opened(file), path };
        held.file.set_len(0)?;
        held.file.write_full(0, note.as_bytes())?;
        Ok(Some(Box::new(held)))
    }
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

// Windows has no call for it; NTFS logs names in its own journal.
#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[derive(Debug)]
struct Opened(fs::File);

/// A file that is locked while this lives.
#[derive(Debug)]
struct Held {
    file: Opened,
    path: PathBuf,
}

impl Lock for Held {
    #[cfg(unix)]
    fn stands(&self) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt;
        let (here, held) = (fs::metadata(&self.path)?, self.file.0.metadata()?);
        match (here.dev(), here.ino()) == (held.dev(), held.ino()) {
            true => Ok(()),
            false => Err(io::Error::other("another directory was put in the place of the one that was opened")),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that was forked meanwhile has it open too, and would keep the lock.
        // If this call fails, only closing is left.
        let _ = self.file.0.unlock();
    }
}

impl File for Opened {
    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, buffer, offset)
    }

    #[cfg(unix)]
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.0, bytes, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, buffer, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(&self.0, bytes, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    // The length is synced too, as it is needed to read the content. On macOS, std uses F_FULLFSYNC.
    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
