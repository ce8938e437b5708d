//! What only grows in the shop's database: the highest number that each of its tables has given to a row, and which rows
//! the first and the newest of each are. By that a database that lies there is known for an older one, or another one.
//! It knows no table by its name, keeps a row's unique key as a digest alone, and proves nothing of a database whose tables
//! number no rows (`AUTOINCREMENT`).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use protocol::chain::ChainId;
use rusqlite::{Connection, OptionalExtension, named_params, types::ValueRef};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Store;

/// Tables beyond these tell nothing.
const TABLES_MAX: usize = 64;
const DIGEST_BYTES: usize = 8;

const HAS_NUMBERS: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'";
const SELECT_TABLES: &str = "
    SELECT m.name, m.sql, coalesce(s.seq, 0) FROM sqlite_schema m LEFT JOIN sqlite_sequence s ON s.name = m.name
    WHERE m.type = 'table' AND m.sql LIKE '%autoincrement%' AND length(m.name) < 128
        AND typeof(coalesce(s.seq, 0)) = 'integer'
    ORDER BY m.name LIMIT :most";
/// The columns of the first key that the table's own definition calls unique.
const SELECT_KEY: &str = "
    SELECT i.name FROM pragma_index_list(:table) l JOIN pragma_index_info(l.name) i
    WHERE l.name = (SELECT min(name) FROM pragma_index_list(:table) WHERE origin = 'u') ORDER BY i.seqno";
const SELECT_OF_CHAIN: &str = "
    SELECT growth FROM restore_point WHERE json_extract(manifest, '$.chain') = :chain AND growth IS NOT NULL
    ORDER BY rowid DESC LIMIT 1";

/// What the tables had come to at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Growth(BTreeMap<String, Grown>);

/// The same of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grown {
    /// A digest of its definition: of one that was made anew its numbers tell nothing.
    defined: String,
    /// The highest number that it ever gave.
    given: i64,
    /// A digest of the unique key of its first and its newest row.
    rows: BTreeMap<i64, String>,
}

/// Why it is not what became of the database before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// Rows were in it that it has never had.
    Fell {
        /// The first such table.
        table: String,
        /// How many numbers it had given.
        was: i64,
        /// How many it has given.
        is: i64,
    },
    /// A row is another one.
    OtherRow {
        /// Its table.
        table: String,
        /// Its number.
        row: i64,
    },
    /// Not one of the tables is there.
    Strange,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fell { table, was, is } => write!(
                f,
                "an older copy of the shop, or another database, was put in its place, or what only its log held is gone: rows of \
                 the table {table} were numbered up to {was}, and are up to {is} now"
            ),
            Self::OtherRow { table, row } => write!(
                f,
                "another database was put in its place, or a copy of the shop that went on by itself: row {row} of the table {table} \
                 is not the one that was there"
            ),
            Self::Strange => f.write_str(
                "another database was put in its place: none of the tables that number their rows is in it",
            ),
        }
    }
}

impl Growth {
    /// What the database has come to as it is read now; of a table that is as it was in `before` nothing is read again.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn of(connection: &Connection, before: Option<&Self>) -> rusqlite::Result<Self> {
        let mut tables = tables(connection)?;
        tables.retain(|_, table| table.given > 0);
        for (name, table) in &mut tables {
            match before.and_then(|before| before.0.get(name)) {
                Some(was) if was.given == table.given && was.defined == table.defined => {
                    table.rows.clone_from(&was.rows);
                }
                _ => table.rows = rows(connection, name, &Which::Ends)?,
            }
        }
        Ok(Self(tables))
    }

    /// What shows that the database as it is read now did not become of that one. Nothing does where rows were deleted,
    /// or a table was made anew.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn contradiction(&self, connection: &Connection) -> rusqlite::Result<Option<Contradiction>> {
        let mut now = tables(connection)?;
        for (name, table) in &mut now {
            if let Some(was) = self.0.get(name).filter(|was| was.defined == table.defined) {
                table.rows = rows(connection, name, &Which::Of(was.rows.keys().copied().collect()))?;
            }
        }
        Ok(self.against(&now))
    }

    fn against(&self, now: &BTreeMap<String, Grown>) -> Option<Contradiction> {
        if !self.0.is_empty() && !self.0.keys().any(|table| now.contains_key(table)) {
            return Some(Contradiction::Strange);
        }
        let alike = self.0.iter().filter_map(|(table, was)| {
            let is = now.get(table).filter(|is| is.defined == was.defined)?;
            Some((table, was, is))
        });
        let other = alike.clone().find_map(|(table, was, is)| {
            let is_other = |row: &&i64| is.rows.get(row).is_some_and(|key| *key != was.rows[row]);
            let row = *was.rows.keys().find(is_other)?;
            Some(Contradiction::OtherRow {
                table: table.clone(),
                row,
            })
        });
        other.or_else(|| {
            // The one that lacks most says it best.
            let fell = alike.filter(|(_, was, is)| is.given < was.given);
            let (table, was, is) =
                fell.max_by_key(|(_, was, is)| (!was.rows.is_empty(), was.given - is.given))?;
            Some(Contradiction::Fell {
                table: table.clone(),
                was: was.given,
                is: is.given,
            })
        })
    }

    /// As it is written down.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("it is plain data")
    }

    /// What does not read proves nothing.
    pub(super) fn from_json(text: Option<String>) -> Option<Self> {
        serde_json::from_str(&text?).ok()
    }
}

impl Store {
    /// What the newest point of this chain held, where that is known.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn growth(&self, chain: &ChainId) -> rusqlite::Result<Option<Growth>> {
        let of = named_params! {":chain": chain.as_str()};
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_OF_CHAIN)?
                .query_row(of, |row| row.get(0))
                .optional()
        })
        .map(Growth::from_json)
    }
}

/// Rows of a table.
enum Which {
    Ends,
    Of(BTreeSet<i64>),
}

fn tables(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Grown>> {
    let mut has_numbers = connection.prepare_cached(HAS_NUMBERS)?;
    if !has_numbers.query_row([], |row| row.get::<_, bool>(0))? {
        return Ok(BTreeMap::new());
    }
    let mut statement = connection.prepare_cached(SELECT_TABLES)?;
    let found = statement.query_map(named_params! {":most": TABLES_MAX}, |row| {
        let grown = Grown {
            defined: shortened(Sha256::digest(row.get_ref(1)?.as_bytes()?).as_slice()),
            given: row.get(2)?,
            rows: BTreeMap::new(),
        };
        Ok((row.get(0)?, grown))
    })?;
    found.collect()
}

fn rows(connection: &Connection, table: &str, which: &Which) -> rusqlite::Result<BTreeMap<i64, String>> {
    let mut statement = connection.prepare_cached(SELECT_KEY)?;
    let key = statement.query_map(named_params! {":table": table}, |row| row.get::<_, String>(0))?;
    let key: Vec<String> = key
        .map(|column| column.map(|column| quoted(&column)))
        .collect::<Result<_, _>>()?;
    if key.is_empty() {
        return Ok(BTreeMap::new());
    }
    let select = format!("SELECT rowid, {} FROM {}", key.join(", "), quoted(table));
    let mut found = BTreeMap::new();
    let mut add = |rest: &str, row: Option<i64>| {
        let mut statement = connection.prepare(&format!("{select} {rest}"))?;
        let mut rows = match row {
            Some(row) => statement.query([row])?,
            None => statement.query([])?,
        };
        if let Some(row) = rows.next()? {
            found.insert(row.get(0)?, digest(row, key.len())?);
        }
        Ok::<_, rusqlite::Error>(())
    };
    match which {
        Which::Ends => {
            add("ORDER BY rowid LIMIT 1", None)?;
            add("ORDER BY rowid DESC LIMIT 1", None)?;
        }
        Which::Of(rows) => {
            for row in rows {
                add("WHERE rowid = ?1", Some(*row))?;
            }
        }
    }
    Ok(found)
}

fn digest(row: &rusqlite::Row<'_>, columns: usize) -> rusqlite::Result<String> {
    let mut digest = Sha256::new();
    for column in 1..=columns {
        let value = row.get_ref(column)?;
        digest.update([value.data_type() as u8]);
        match value {
            ValueRef::Null => {}
            ValueRef::Integer(number) => digest.update(number.to_be_bytes()),
            ValueRef::Real(number) => digest.update(number.to_be_bytes()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                digest.update((bytes.len() as u64).to_be_bytes());
                digest.update(bytes);
            }
        }
    }
    Ok(shortened(&digest.finalize()))
}

fn shortened(digest: &[u8]) -> String {
    digest
        .iter()
        .take(DIGEST_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two tables that number their rows, one of them with a key, and one that does not.
    const TABLES: &str = "
        CREATE TABLE sold (id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT, at INTEGER, CONSTRAINT once UNIQUE (code, at));
        CREATE TABLE job (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT);
        CREATE TABLE plain (id INTEGER PRIMARY KEY, kind TEXT);
        INSERT INTO sold (code, at) VALUES ('a', 1), ('b', 2), ('c', 3);
        INSERT INTO job (kind) VALUES ('x'), ('y');";

    /// What is seen after `then`, of what was remembered before it.
    fn seen(then: &str) -> Option<Contradiction> {
        let shop = Connection::open_in_memory().unwrap();
        shop.execute_batch(TABLES).unwrap();
        let before = Growth::of(&shop, None).unwrap();
        let before = Growth::from_json(Some(before.to_json())).unwrap();
        shop.execute_batch(then).unwrap();
        before.contradiction(&shop).unwrap()
    }

    #[test]
    fn what_goes_on_contradicts_nothing() {
        for then in [
            "",
            "INSERT INTO sold (code, at) VALUES ('d', 4)",
            "DELETE FROM sold",
            "DELETE FROM sold WHERE id IN (1, 3); UPDATE sold SET code = 'z'",
            "DELETE FROM job; VACUUM",
            "DROP TABLE job",
            "ALTER TABLE job RENAME TO work",
            "CREATE TABLE new (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT); DROP TABLE job; ALTER TABLE new RENAME TO job",
            // A definition that changed tells nothing of its own table.
            "ALTER TABLE sold ADD COLUMN note TEXT; DELETE FROM sqlite_sequence WHERE name = 'sold'",
            "DROP TABLE plain",
        ] {
            assert_eq!(seen(then), None, "{then}");
        }
    }

    #[test]
    fn what_cannot_have_become_of_it_is_told() {
        let fell = |table: &str, was, is| {
            Some(Contradiction::Fell {
                table: table.to_owned(),
                was,
                is,
            })
        };
        let other = |row| {
            Some(Contradiction::OtherRow {
                table: "sold".to_owned(),
                row,
            })
        };
        let set = |table, to| format!("UPDATE sqlite_sequence SET seq = {to} WHERE name = '{table}'");
        assert_eq!(seen(&set("job", 1)), fell("job", 2, 1));
        assert_eq!(seen("DELETE FROM sqlite_sequence"), fell("sold", 3, 0));
        assert_eq!(
            seen(&format!("{}; {}", set("job", 0), set("sold", 2))),
            fell("sold", 3, 2)
        );
        assert_eq!(seen("UPDATE sold SET code = 'other' WHERE id = 3"), other(3));
        assert_eq!(seen("UPDATE sold SET at = NULL"), other(1));
        assert_eq!(
            seen("DROP TABLE job; DROP TABLE sold"),
            Some(Contradiction::Strange)
        );
    }

    #[test]
    fn a_table_that_gave_no_number_since_is_not_read_again_and_one_without_numbers_shows_nothing() {
        let shop = Connection::open_in_memory().unwrap();
        assert_eq!(Growth::of(&shop, None).unwrap(), Growth::default());
        shop.execute_batch(TABLES).unwrap();
        let before = Growth::of(&shop, None).unwrap();
        assert_eq!(before.0.keys().collect::<Vec<_>>(), ["job", "sold"]);
        assert_eq!(before.0["sold"].rows.keys().collect::<Vec<_>>(), [&1, &3]);
        shop.execute_batch("DELETE FROM sold WHERE id = 3").unwrap();
        assert_eq!(Growth::of(&shop, Some(&before)).unwrap(), before);
        shop.execute_batch("INSERT INTO sold (code) VALUES ('d')")
            .unwrap();
        let after = Growth::of(&shop, Some(&before)).unwrap();
        assert_eq!(after.0["sold"].rows.keys().collect::<Vec<_>>(), [&1, &4]);
        shop.execute_batch("DROP TABLE sold; DROP TABLE job").unwrap();
        assert_eq!(Growth::default().contradiction(&shop).unwrap(), None);
    }
}
