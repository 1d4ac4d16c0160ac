//! The URL of a server, taken to pieces as `psql` does it. Since a URL that is wrong may have its password anywhere, no
//! error repeats any of it but the names of parameters.

use super::parameters::Parameters;

/// What the URL says.
pub(super) fn parameters(url: &str) -> Result<Parameters, String> {
    let Parts {
        credentials: user,
        place,
        query,
    } = parts(url)?;
    let mut found = Parameters::default();
    if let Some(user) = user {
        credentials(user, &mut found)?;
    }
    if place.contains('@') {
        return Err(
            "an `@` in a user's name, a password or a database's name is written `%40`".into(),
        );
    }
    let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
    addresses(hosts, &mut found)?;
    if !database.is_empty() {
        found.set("dbname", decoded(database)?)?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = parameter(pair)?;
        // Other clients write it so.
        if name == "ssl" && value == "true" {
            found.set("sslmode", "require".into())?;
        } else {
            found.set(&name, value)?;
        }
    }
    Ok(found)
}

/// Returns the URL with those values replaced for which `other` returns another.
pub(super) fn with_values(
    url: &str,
    other: impl Fn(&str, &str) -> Option<String>,
) -> Result<String, String> {
    let query = parts(url)?.query;
    let rest = &url[..url.len() - query.len()];
    let pairs = query.split('&').map(|pair| {
        let known = parameter(pair).ok();
        let changed = known.and_then(|(name, value)| Some((other(&name, &value)?, name)));
        match changed {
            Some((value, name)) => format!("{}={}", encoded(&name), encoded(&value)),
            None => pair.to_owned(),
        }
    });
    Ok(format!("{rest}{}", pairs.collect::<Vec<_>>().join("&")))
}

/// The parts of a URL, still encoded.
struct Parts<'url> {
    credentials: Option<&'url str>,
    place: &'url str,
    query: &'url str,
}

fn parts(url: &str) -> Result<Parts<'_>, String> {
    let rest = url
        .strip_prefix("postgresql://")
        .or_else(|| url.strip_prefix("postgres://"))
        .ok_or("the URL of a server begins with `postgresql://`")?;
    let end = rest.find(['@', '/']).unwrap_or(rest.len());
    let (credentials, rest) = match rest[end..].strip_prefix('@') {
        Some(rest_of_url) => (Some(&rest[..end]), rest_of_url),
        None => (None, rest),
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    Ok(Parts {
        credentials,
        place,
        query,
    })
}

fn credentials(text: &str, found: &mut Parameters) -> Result<(), String> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    if !user.is_empty() {
        found.set("user", decoded(user)?)?;
    }
    if !password.is_empty() {
        found.set("password", decoded(password)?)?;
    }
    Ok(())
}

fn addresses(text: &str, found: &mut Parameters) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for address in text.split(',') {
        let (host, port) = match address.strip_prefix('[') {
            Some(ipv6) => {
                let (host, after) = ipv6
                    .split_once(']')
                    .ok_or("an IPv6 address ends with a `]`")?;
                (host, after.strip_prefix(':').unwrap_or(after))
            }
            None => address.split_once(':').unwrap_or((address, "")),
        };
        hosts.push(decoded(host)?);
        ports.push(decoded(port)?);
    }
    if hosts.iter().any(|host| !host.is_empty()) {
        found.set("host", hosts.join(","))?;
    }
    if ports.iter().any(|port| !port.is_empty()) {
        found.set("port", ports.join(","))?;
    }
    Ok(())
}

fn parameter(pair: &str) -> Result<(String, String), String> {
    let (name, value) = pair
        .split_once('=')
        .ok_or("each parameter after the `?` has a name, a `=` and a value")?;
    Ok((decoded(name)?, decoded(value)?))
}

/// Undoes the encoding by percent signs.
fn decoded(text: &str) -> Result<String, String> {
    const WRONG: &str = "a `%` in the URL of a server is followed by two hexadecimal digits; for itself it is written `%25`";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or(WRONG)?;
        let digits = std::str::from_utf8(digits).map_err(|_| WRONG)?;
        let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let value = u8::from_str_radix(digits, 16)
            .ok()
            .filter(|value| plain && *value != 0);
        bytes.push(value.ok_or(WRONG)?);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| "the URL of a server is UTF-8".into())
}

/// Encodes by percent signs what would mean something else in a URL.
pub(super) fn encoded(text: &str) -> String {
    let mut url = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                url.push(char::from(byte));
            }
            _ => url += &format!("%{byte:02X}"),
        }
    }
    url
}
