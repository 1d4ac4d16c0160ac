//! What a place on a disk is like: whose it is, who else may get at it.

/// Whose a file is, and what others may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whose it is.
    pub owner: Owner,
    /// What its owner may do, if it is a folder.
    pub owner_may: OwnerMay,
    /// What everybody else may do.
    pub others: Others,
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The user of this process.
    Me,
    /// The administrator, who may do anything anyway.
    Root,
    /// Another user, by number.
    Another(u32),
}

/// What the owner of a folder may do with it, unless the owner is root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnerMay {
    /// Not even get at what is inside.
    NotEnter,
    /// Get at what is inside, but not list it, or not add and remove files.
    Enter,
    /// Everything. This is also the answer for what isn't a folder.
    DoAll,
}

/// What users other than the owner may do with a file or folder, root aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Others {
    /// Nothing.
    Nothing,
    /// Some may read it, or its group may change it.
    Something,
    /// Everybody may change it.
    Everything,
}

/// How a file can have a second path that isn't a symbolic link, so neither path is known to be the file's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherPath {
    /// It has more than one name (hard links).
    HardLink,
    /// It is mounted without its folder, so it has another path elsewhere.
    Mount,
}
