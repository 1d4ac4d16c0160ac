//! The settings of a store.

use queuectl_domain::{Key, Settings};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::table::{Cell, Table};
use super::{Human, Page, Seconds, style, visible};

/// All settings, or one.
pub(crate) struct SettingList {
    /// Their values.
    pub(crate) settings: Settings,
    /// Which one; all if none.
    pub(crate) key: Option<Key>,
}

impl Serialize for SettingList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for key in Key::ALL
            .into_iter()
            .filter(|key| self.key.is_none_or(|wanted| wanted == *key))
        {
            map.serialize_key(key.as_str())?;
            serialize_value(&self.settings, key, &mut map)?;
        }
        map.end()
    }
}

fn serialize_value<M: SerializeMap>(
    settings: &Settings,
    key: Key,
    map: &mut M,
) -> Result<(), M::Error> {
    let rules = &settings.rules;
    match key {
        Key::MaxRetries => map.serialize_value(&rules.max_retries.get()),
        Key::BackoffBase => map.serialize_value(&rules.backoff_base.get()),
        Key::Timeout => map.serialize_value(&Seconds(rules.timeout.limit().unwrap_or_default())),
        Key::Priority => map.serialize_value(&rules.priority.get()),
        Key::MaxBackoff => map.serialize_value(&Seconds(settings.policy.max_backoff)),
        Key::KillGrace => map.serialize_value(&Seconds(settings.kill_grace)),
        Key::CrashLimit => map.serialize_value(&settings.policy.crash_limit),
        Key::OutputLimit => map.serialize_value(&settings.output_limit),
        Key::Keep => map.serialize_value(&settings.keep.map(Seconds)),
        Key::Lease => map.serialize_value(&Seconds(settings.lease)),
        Key::Shell => map.serialize_value(&settings.shell.as_ref().map(|shell| shell.as_str())),
    }
}

impl Human for SettingList {
    fn human(&self, page: &mut Page) {
        if let Some(key) = self.key {
            return page.line(&visible(&self.settings.get(key)));
        }
        let mut table = Table::new("Configuration")
            .column("Key")
            .column("Value")
            .column("Default");
        let defaults = Settings::default();
        for key in Key::ALL {
            let (value, default) = (self.settings.get(key), defaults.get(key));
            let style = if value == default {
                style::PLAIN
            } else {
                style::HEADER
            };
            let value = Cell::new(visible(&value), style);
            table.row(vec![key.as_str().into(), value, default.into()]);
        }
        table.draw(page, None);
    }
}

/// That a setting was changed.
pub(crate) struct SettingChanged {
    /// Which.
    pub(crate) key: Key,
    /// The settings as they are now.
    pub(crate) settings: Settings,
}

impl Serialize for SettingChanged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_key(self.key.as_str())?;
        serialize_value(&self.settings, self.key, &mut map)?;
        map.end()
    }
}

impl Human for SettingChanged {
    fn human(&self, page: &mut Page) {
        if !page.is_quiet() {
            let value = self.settings.get(self.key);
            page.line(&format!("Set {} to {}", self.key, visible(&value)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_see_numbers_and_no_shell_as_null() {
        let list = SettingList {
            settings: Settings::default(),
            key: None,
        };
        insta::assert_snapshot!(serde_json::to_string(&list).unwrap(), @r#"{"max_retries":3,"backoff_base":2,"timeout":20,"priority":5,"max_backoff":3600,"kill_grace":5,"crash_limit":3,"output_limit":1048576,"keep":null,"lease":15,"shell":null}"#);
    }
}
