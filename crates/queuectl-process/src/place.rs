//! What a place on a disk is like: whose it is, who else may get at it.

/// Whose a file is, and what others may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whose it is.
    pub owner: Owner,
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
