//! Puts the schema's real name into the statements, which are written for a schema called `queuectl`.

/// The name of the schema with the store's tables.
pub(super) struct Schema(String);

impl Schema {
    pub(super) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Returns the statement for this schema, whatever characters its name has. The name is quoted as an identifier, as a text, or, for
    /// an identifier within a text, twice. Each `$$` becomes a dollar quote that the name doesn't contain.
    pub(super) fn of(&self, sql: &str) -> String {
        let Self(name) = self;
        let identifier = format!("\"{}\"", name.replace('"', "\"\""));
        let quote = (0_u32..).map(|number| format!("$body_{number}$"));
        let quote = quote.into_iter().find(|quote| !name.contains(quote));
        let places = [
            ("'queuectl.", format!("E'{}.", escaped(&identifier))),
            ("'queuectl'", format!("E'{}'", escaped(name))),
            ("queuectl.", format!("{identifier}.")),
            ("SCHEMA queuectl", format!("SCHEMA {identifier}")),
            ("$$", quote.unwrap_or_default()),
        ];
        let mut text = String::with_capacity(sql.len() + sql.len() / 4);
        let mut rest = sql;
        let first = |rest: &str| {
            let found = places.iter();
            let found = found.filter_map(|place| Some((rest.find(place.0)?, place)));
            found.min_by_key(|(at, _)| *at)
        };
        while let Some((at, (written, real))) = first(rest) {
            text += &rest[..at];
            text += real;
            rest = &rest[at + written.len()..];
        }
        text + rest
    }
}

/// Escapes a text for `E'…'`, which doesn't depend on `standard_conforming_strings`.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "''")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_for_the_place_it_stands_in() {
        let of = |name: &str, sql: &str| Schema::new(name).of(sql);
        assert_eq!(of("a", "CALL queuectl.b()"), r#"CALL "a".b()"#);
        assert_eq!(of("O'B\"\\", "queuectl.b"), r#""O'B""\".b"#);
        assert_eq!(
            of("O'B\"\\", "x('queuectl.b', 'queuectl', 'queuectl_')"),
            r#"x(E'"O''B""\\".b', E'O''B"\\', 'queuectl_')"#
        );
        assert_eq!(of("a$$b", "AS $$ x $$"), "AS $body_0$ x $body_0$");
        assert_eq!(of("$body_0$", "$$"), "$body_1$");
        // What is put in isn't looked through again.
        assert_eq!(of("queuectl.", "queuectl.b"), r#""queuectl.".b"#);
        assert_eq!(of("x", "DROP SCHEMA queuectl"), r#"DROP SCHEMA "x""#);
    }
}
