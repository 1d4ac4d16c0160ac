//! The values for statements. Each knows which type of the server's it is, for those that aren't prepared: nobody asks
//! the server then what it expects.

use tokio_postgres::types::{ToSql, Type};

/// A value for a statement.
pub(super) trait Value: ToSql + Sync + Send {
    /// Its type.
    fn of_type(&self) -> Type;
}

/// A value for a statement, of whatever type.
pub(super) type Param<'p> = Box<dyn Value + 'p>;

/// The values for a statement, in order.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        vec![$(Box::new($value) as $crate::postgres::value::Param<'_>),*]
    };
}
pub(super) use params;

macro_rules! values {
    ($($value:ty: $one:ident, $list:ident;)*) => {
        $(
            values!(of $one: $value, Option<$value>);
            values!(of $list: Vec<$value>, Vec<Option<$value>>);
        )*
    };
    (of $kind:ident: $($value:ty),*) => {
        $(
            impl Value for $value {
                fn of_type(&self) -> Type {
                    Type::$kind
                }
            }
        )*
    };
}

values! {
    bool: BOOL, BOOL_ARRAY;
    i64: INT8, INT8_ARRAY;
    &str: TEXT, TEXT_ARRAY;
    String: TEXT, TEXT_ARRAY;
    Vec<u8>: BYTEA, BYTEA_ARRAY;
}
