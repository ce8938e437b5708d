//! Incidents as rows.

use anyhow::Result;
use protocol::{
    incident::{Incident, IncidentId, Severity},
    time::UnixMillis,
};
use rusqlite::{Connection, named_params};

use super::Kind;

/// Incidents in one page.
const PAGE_MAX: i64 = 100;

const RAISE: &str =
    "INSERT INTO incident (at, kind, severity, text) VALUES (:at, :kind, :severity, :text) RETURNING id";
const PUT: &str = "INSERT INTO incident (id, at, kind, severity, text)
    VALUES ((SELECT :id WHERE NOT EXISTS (SELECT 1 FROM incident WHERE id = :id)), :at, :kind, :severity, :text)";
const IS_STORED: &str = "SELECT EXISTS (SELECT 1 FROM incident
    WHERE id >= :id AND at = :at AND kind = :kind AND text = :text)";
const IS_RECENT: &str = "SELECT EXISTS (SELECT 1 FROM incident WHERE kind = :kind AND at > :since)";
const AFTER: &str =
    "SELECT id, at, kind, severity, text FROM incident WHERE id > :after ORDER BY id LIMIT :limit";
const LAST: &str = "SELECT coalesce(max(id), 0) FROM incident";

/// Writes an incident down.
///
/// # Errors
/// When the database fails.
pub fn raise(conn: &Connection, kind: Kind, text: &str, now: UnixMillis) -> Result<IncidentId> {
    let severity = name_of(kind.severity());
    let row = named_params! { ":at": now.0, ":kind": kind.name(), ":severity": severity, ":text": text };
    Ok(IncidentId(
        conn.prepare_cached(RAISE)?.query_row(row, |row| row.get(0))?,
    ))
}

/// Writes a lasting trouble down, unless it was within the last hour.
///
/// # Errors
/// When the database fails.
pub fn raise_hourly(conn: &Connection, kind: Kind, text: &str, now: UnixMillis) -> Result<()> {
    let row = named_params! { ":kind": kind.name(), ":since": now.0.saturating_sub(3_600_000) };
    let is_recent: bool = conn.prepare_cached(IS_RECENT)?.query_row(row, |row| row.get(0))?;
    if !is_recent {
        raise(conn, kind, text, now)?;
    }
    Ok(())
}

/// Writes one down that was told already, under its number; under a new one where that is taken.
///
/// # Errors
/// When the database fails.
pub fn put(conn: &Connection, incident: &Incident) -> Result<()> {
    conn.prepare_cached(PUT)?.execute(named_params! {
        ":id": incident.id.0, ":at": incident.at.0, ":kind": incident.kind,
        ":severity": name_of(incident.severity), ":text": incident.text,
    })?;
    Ok(())
}

/// Whether one that was told already is written down, under its number or a later one.
///
/// # Errors
/// When the database fails.
pub fn is_stored(conn: &Connection, incident: &Incident) -> Result<bool> {
    let row = named_params! {
        ":id": incident.id.0, ":at": incident.at.0, ":kind": incident.kind, ":text": incident.text,
    };
    Ok(conn.prepare_cached(IS_STORED)?.query_row(row, |row| row.get(0))?)
}

fn name_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// Those after a number, oldest first, at most 100.
///
/// # Errors
/// When the database fails.
pub fn after(conn: &Connection, after: IncidentId) -> Result<Vec<Incident>> {
    let mut statement = conn.prepare_cached(AFTER)?;
    let rows = statement.query_map(named_params! { ":after": after.0, ":limit": PAGE_MAX }, |row| {
        let severity: String = row.get(3)?;
        Ok(Incident {
            id: IncidentId(row.get(0)?),
            at: UnixMillis(row.get(1)?),
            kind: row.get(2)?,
            severity: match severity.as_str() {
                "info" => Severity::Info,
                "warning" => Severity::Warning,
                _ => Severity::Critical,
            },
            text: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The newest incident's number; 0 when there never was one.
///
/// # Errors
/// When the database fails.
pub fn last(conn: &Connection) -> Result<IncidentId> {
    Ok(IncidentId(
        conn.prepare_cached(LAST)?.query_row([], |row| row.get(0))?,
    ))
}
