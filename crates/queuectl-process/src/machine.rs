//! Where a pid means something: one start of one system, and in it the processes that see each other.

use std::fmt;
use std::sync::OnceLock;

use crate::{fingerprint, os};

/// Where a pid means something. Machines may have the same name, and containers may be one system without seeing each other's
/// processes; so the name tells nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The system, since it was started.
    boot: String,
    /// The pid namespace, where there are such. None if `/proc` can't tell pids: then no pid means anything.
    room: Option<String>,
}

impl Machine {
    /// The machine of this process. It is looked up once: a process stays where it is.
    pub fn this() -> &'static Self {
        static THIS: OnceLock<Machine> = OnceLock::new();
        THIS.get_or_init(|| Self {
            boot: os::boot_name(),
            room: os::process_room(),
        })
    }

    /// Reads what [`Display`](fmt::Display) wrote. None if it says nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let (boot, room) = text.split_once('/')?;
        Some(Self {
            boot: boot.to_owned(),
            room: Some(room.to_owned()).filter(|room| !room.is_empty()),
        })
    }

    /// Returns true if a pid means the same process in both.
    pub fn shares_pids(&self, other: &Self) -> bool {
        self.is_same_boot(other) && self.room.is_some() && self.room == other.room
    }

    /// Whether both are the same system, without a start in between, though perhaps not the same processes in it.
    pub fn is_same_boot(&self, other: &Self) -> bool {
        self.boot == other.boot
    }
}

impl Machine {
    /// The room as a number for a roster. Zero, which is never a room's number, if pids mean nothing here.
    pub(crate) fn room_number(&self) -> u64 {
        self.room.as_deref().map_or(0, fingerprint)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}",
            self.boot,
            self.room.as_deref().unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let this = Machine::this();
        assert_eq!(Machine::parse(&this.to_string()).as_ref(), Some(this));
        assert!(this.shares_pids(this));
        assert_eq!(Machine::parse(""), None);
    }

    #[test]
    fn another_room_is_another_machine_of_the_same_boot() {
        let machine = |text| Machine::parse(text).unwrap();
        let (one, room, boot) = (machine("a/1"), machine("a/2"), machine("b/1"));
        assert!(!one.shares_pids(&room) && one.is_same_boot(&room));
        assert!(!one.shares_pids(&boot) && !one.is_same_boot(&boot));
        assert_ne!(one.room_number(), room.room_number());
    }

    #[test]
    fn where_processes_can_not_be_told_no_pid_is_shared() {
        let blind = Machine::parse("a/").unwrap();
        assert!(!blind.shares_pids(&blind) && blind.is_same_boot(&blind));
        assert_eq!(blind.room_number(), 0);
        assert_eq!(blind.to_string(), "a/");
    }
}
