//! Where a pid means something: one start of one system, and in it the processes that see each other.

use std::fmt;

use crate::os;

/// Where a pid means something. Machines may have the same name, and containers may be one system without seeing each other's
/// processes; so the name tells nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The system, since it was started.
    boot: String,
    /// Which processes of it can be seen.
    room: String,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        Self {
            boot: os::boot_name(),
            room: os::process_room(),
        }
    }

    /// Reads what [`Display`](fmt::Display) wrote. None if it says nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let (boot, room) = text.split_once('/')?;
        Some(Self {
            boot: boot.to_owned(),
            room: room.to_owned(),
        })
    }

    /// Whether both are the same system, without a start in between, though perhaps not the same processes in it.
    pub fn is_same_boot(&self, other: &Self) -> bool {
        self.boot == other.boot
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.boot, self.room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let this = Machine::this();
        assert_eq!(Machine::parse(&this.to_string()), Some(this));
        assert_eq!(Machine::parse(""), None);
    }

    #[test]
    fn another_room_is_another_machine_of_the_same_boot() {
        let machine = |text| Machine::parse(text).unwrap();
        let (one, room, boot) = (machine("a/1"), machine("a/2"), machine("b/1"));
        assert!(one != room && one.is_same_boot(&room));
        assert!(one != boot && !one.is_same_boot(&boot));
    }
}
