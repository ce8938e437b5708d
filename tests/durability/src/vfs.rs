//! SQLite on disks that can lose their power: a file system in memory, registered once as the default of this process.
//! A database's path is `<disk>/<file>`; whoever looks past SQLite at the real folder of that name finds no content. Taking a disk's picture does not disturb who uses it.

use std::{
    borrow::Cow,
    collections::HashMap,
    ptr::NonNull,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use rand::rngs::StdRng;
use sqlite_plugin::{
    flags::{AccessFlags, LockLevel, OpenOpts, ShmLockMode},
    vars,
    vfs::{RegisterOpts, Vfs, VfsHandle, VfsResult, register_static},
};

use crate::{
    disk::Disk,
    locks::{Holder, Level, Locks},
};

/// A region of a WAL's shared memory. Never freed while the process lives: SQLite holds its address.
type Region = &'static [AtomicU64];

/// Called at every change that a disk is about to see, with the disk as it is.
pub type Witness = Arc<dyn Fn(&Disk) + Send + Sync>;

#[derive(Default)]
struct Mounted {
    disk: Disk,
    locks: HashMap<String, Locks>,
    shared_memory: HashMap<String, Vec<Region>>,
    witness: Option<Witness>,
}

#[derive(Default)]
struct Machine {
    mounted: HashMap<String, Mounted>,
    /// Regions that no disk uses any more.
    spare: Vec<Region>,
    holders: Holder,
}

fn machine() -> MutexGuard<'static, Machine> {
    static MACHINE: OnceLock<Mutex<Machine>> = OnceLock::new();
    let machine = MACHINE.get_or_init(|| {
        let options = RegisterOpts { make_default: true };
        register_static(c"power".to_owned(), Memory, options)
            .unwrap_or_else(|code| panic!("SQLite refuses the file system: {code}"));
        Mutex::default()
    });
    machine.lock().expect("nobody panics while holding it")
}

/// Puts a disk into the machine under a name. `witness` sees every change before it happens.
pub fn mount(name: &str, disk: Disk, witness: Option<Witness>) {
    let mounted = Mounted {
        disk,
        witness,
        ..Mounted::default()
    };
    machine().mounted.insert(name.to_owned(), mounted);
}

/// Takes a disk out again. Every connection to it must be closed.
pub fn unmount(name: &str) {
    let mut machine = machine();
    let Some(mounted) = machine.mounted.remove(name) else {
        return;
    };
    machine
        .spare
        .extend(mounted.shared_memory.into_values().flatten());
}

/// The disk as it is found after the power failed now.
///
/// # Panics
/// When there is no disk of that name.
#[must_use]
pub fn after_power_loss(name: &str, chance: &mut StdRng) -> Disk {
    machine().mounted[name].disk.after_power_loss(chance)
}

/// An open file.
pub struct Handle {
    disk: String,
    file: String,
    /// The database to which the file belongs.
    database: String,
    holder: Holder,
    is_temporary: bool,
}

impl VfsHandle for Handle {
    fn readonly(&self) -> bool {
        false
    }

    fn in_memory(&self) -> bool {
        false
    }
}

struct Memory;

impl Memory {
    /// Does something with the file's disk, or reports that it is gone.
    fn with<T>(handle: &Handle, work: impl FnOnce(&mut Mounted) -> T) -> VfsResult<T> {
        let mut machine = machine();
        let mounted = machine.mounted.get_mut(&handle.disk);
        mounted.map(work).ok_or(vars::SQLITE_IOERR)
    }

    /// The same for a change, which the witness sees first.
    fn change(handle: &Handle, work: impl FnOnce(&mut Disk)) -> VfsResult<()> {
        Self::with(handle, |mounted| {
            if let Some(witness) = &mounted.witness {
                witness(&mounted.disk);
            }
            work(&mut mounted.disk);
        })
    }
}

/// `<disk>/<file>`.
fn split(path: &str) -> VfsResult<(&str, &str)> {
    path.rsplit_once('/').ok_or(vars::SQLITE_CANTOPEN)
}

fn database_of(file: &str) -> &str {
    let beside = ["-wal", "-journal", "-shm"];
    beside
        .iter()
        .find_map(|end| file.strip_suffix(end))
        .unwrap_or(file)
}

fn level(level: LockLevel) -> Level {
    match level {
        LockLevel::Unlocked => 0,
        LockLevel::Shared => 1,
        LockLevel::Reserved => 2,
        LockLevel::Pending => 3,
        LockLevel::Exclusive => 4,
    }
}

fn or_busy(taken: bool) -> VfsResult<()> {
    if taken { Ok(()) } else { Err(vars::SQLITE_BUSY) }
}

impl Vfs for Memory {
    type Handle = Handle;

    fn canonical_path<'a>(&self, path: Cow<'a, str>) -> VfsResult<Cow<'a, str>> {
        Ok(path)
    }

    fn open(&self, path: Option<&str>, opts: OpenOpts) -> VfsResult<Handle> {
        let mut machine = machine();
        machine.holders += 1;
        let holder = machine.holders;
        let temporary = format!("temporary/{holder}");
        let (disk, file) = split(path.unwrap_or(&temporary))?;
        if path.is_none() {
            machine.mounted.entry(disk.to_owned()).or_default();
        }
        let mounted = machine.mounted.get_mut(disk).ok_or(vars::SQLITE_CANTOPEN)?;
        if !mounted.disk.exists(file) {
            if opts.flags() & vars::SQLITE_OPEN_CREATE == 0 {
                return Err(vars::SQLITE_CANTOPEN);
            }
            mounted.disk.create(file);
        }
        Ok(Handle {
            disk: disk.to_owned(),
            file: file.to_owned(),
            database: database_of(file).to_owned(),
            holder,
            is_temporary: path.is_none() || opts.delete_on_close(),
        })
    }

    fn delete(&self, path: &str) -> VfsResult<()> {
        let (disk, file) = split(path)?;
        let mut machine = machine();
        let mounted = machine.mounted.get_mut(disk).ok_or(vars::SQLITE_IOERR)?;
        mounted.disk.delete(file);
        Ok(())
    }

    fn access(&self, path: &str, _flags: AccessFlags) -> VfsResult<bool> {
        let (disk, file) = split(path)?;
        let machine = machine();
        Ok(machine
            .mounted
            .get(disk)
            .is_some_and(|mounted| mounted.disk.exists(file)))
    }

    fn file_size(&self, handle: &mut Handle) -> VfsResult<usize> {
        Self::with(handle, |mounted| mounted.disk.size_bytes(&handle.file))
    }

    fn truncate(&self, handle: &mut Handle, size: usize) -> VfsResult<()> {
        Self::change(handle, |disk| disk.truncate(&handle.file, size))
    }

    fn write(&self, handle: &mut Handle, offset: usize, data: &[u8]) -> VfsResult<usize> {
        Self::change(handle, |disk| disk.write(&handle.file, offset, data))?;
        Ok(data.len())
    }

    fn read(&self, handle: &mut Handle, offset: usize, data: &mut [u8]) -> VfsResult<usize> {
        Self::with(handle, |mounted| mounted.disk.read(&handle.file, offset, data))
    }

    fn lock(&self, handle: &mut Handle, to: LockLevel) -> VfsResult<()> {
        or_busy(Self::with(handle, |mounted| {
            let locks = mounted.locks.entry(handle.database.clone()).or_default();
            locks.raise(handle.holder, level(to))
        })?)
    }

    fn unlock(&self, handle: &mut Handle, to: LockLevel) -> VfsResult<()> {
        Self::with(handle, |mounted| {
            let locks = mounted.locks.entry(handle.database.clone()).or_default();
            locks.lower(handle.holder, level(to));
        })
    }

    fn check_reserved_lock(&self, handle: &mut Handle) -> VfsResult<bool> {
        Self::with(handle, |mounted| {
            mounted
                .locks
                .get(&handle.database)
                .is_some_and(Locks::is_reserved)
        })
    }

    fn sync(&self, handle: &mut Handle) -> VfsResult<()> {
        Self::change(handle, |disk| disk.sync(&handle.file))
    }

    fn close(&self, handle: Handle) -> VfsResult<()> {
        // A disk that was taken out meanwhile has nothing left to close.
        let _ = Self::with(&handle, |mounted| {
            if let Some(locks) = mounted.locks.get_mut(&handle.database) {
                locks.forget(handle.holder);
            }
            if handle.is_temporary {
                mounted.disk.delete(&handle.file);
            }
        });
        Ok(())
    }

    fn sector_size(&self, _handle: &mut Handle) -> VfsResult<i32> {
        Ok(4096)
    }

    /// As SQLite assumes of an ordinary disk: a write harms nothing beside it. No write is atomic or in order.
    fn device_characteristics(&self, _handle: &mut Handle) -> VfsResult<i32> {
        Ok(vars::SQLITE_IOCAP_POWERSAFE_OVERWRITE)
    }

    fn shm_map(
        &self,
        handle: &mut Handle,
        index: usize,
        size: usize,
        extend: bool,
    ) -> VfsResult<Option<NonNull<u8>>> {
        let mut machine = machine();
        let Machine { mounted, spare, .. } = &mut *machine;
        let mounted = mounted.get_mut(&handle.disk).ok_or(vars::SQLITE_IOERR)?;
        let regions = mounted.shared_memory.entry(handle.database.clone()).or_default();
        if regions.len() <= index && !extend {
            return Ok(None);
        }
        while regions.len() <= index {
            let region: Region = spare
                .pop()
                .unwrap_or_else(|| Box::leak((0..size / 8).map(|_| AtomicU64::new(0)).collect()));
            region.iter().for_each(|word| word.store(0, Ordering::Relaxed));
            regions.push(region);
        }
        Ok(Some(NonNull::from(regions[index]).cast()))
    }

    fn shm_lock(&self, handle: &mut Handle, first: u32, count: u32, mode: ShmLockMode) -> VfsResult<()> {
        let (first, count) = (first as usize, count as usize);
        or_busy(Self::with(handle, |mounted| {
            let locks = mounted.locks.entry(handle.database.clone()).or_default();
            match mode {
                ShmLockMode::LockShared => locks.take(handle.holder, first, count, false),
                ShmLockMode::LockExclusive => locks.take(handle.holder, first, count, true),
                ShmLockMode::UnlockShared | ShmLockMode::UnlockExclusive => {
                    locks.give_back(handle.holder, first, count);
                    true
                }
            }
        })?)
    }

    fn shm_unmap(&self, _handle: &mut Handle, _delete: bool) -> VfsResult<()> {
        Ok(())
    }
}
