//! Which restore point is meant, and whether a newer one was lost. Pure.

use std::{collections::BTreeSet, str::FromStr};

use jiff::{Timestamp, civil, tz::TimeZone};
use protocol::{
    chain::CommitNumber,
    object_key::{self, PointId},
    time::UnixMillis,
};

use super::{Request, Stop};
use crate::backup::survey::{Survey, moment_of};

/// Which moment is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The newest.
    Latest,
    /// The newest that is not after this moment; a point taken within the same second counts.
    At(UnixMillis),
    /// This one, and nothing after it.
    Point(PointId),
    /// The database right after this commit.
    Commit(CommitNumber),
}

impl Selection {
    /// The commit that is wanted, when it is one.
    #[must_use]
    pub fn commit(&self) -> Option<CommitNumber> {
        match self {
            Self::Commit(commit) => Some(*commit),
            Self::Latest | Self::At(_) | Self::Point(_) => None,
        }
    }

    /// Where following the commits after the point ends.
    #[must_use]
    pub fn stop(&self) -> Stop {
        match self {
            Self::Latest => Stop::AtEnd,
            Self::At(moment) => Stop::By(*moment),
            Self::Point(_) => Stop::AtPoint,
            Self::Commit(commit) => Stop::AfterCommit(*commit),
        }
    }
}

/// The point that is meant.
///
/// # Errors
/// A sentence when there is none.
pub fn choose(points: &BTreeSet<PointId>, selection: &Selection) -> Result<PointId, String> {
    let Some(oldest) = points.first() else {
        return Err("the remotes that answer hold no restore point".to_owned());
    };
    match selection {
        // A commit is searched for by the manifests; its point is none newer than the newest.
        Selection::Latest | Selection::Commit(_) => Ok(points.last().unwrap_or(oldest).clone()),
        Selection::Point(point) if points.contains(point) => Ok(point.clone()),
        Selection::Point(point) => Err(format!(
            "there is no restore point {point}: its manifest, {}, is missing on every remote that answers",
            manifest_name(point, None)
        )),
        Selection::At(at) => points
            .iter()
            .rev()
            .find(|point| moment_of(point).is_some_and(|taken| taken <= *at))
            .cloned()
            .ok_or_else(|| {
                format!("there is no restore point from before that moment; the oldest is {oldest}")
            }),
    }
}

/// A sentence when a point newer than the chosen one, and still wanted by the selection, has objects but no
/// manifest. Taking the older one in silence would lose orders in silence.
pub(super) fn newer_without_manifest(survey: &Survey, request: &Request, chosen: &PointId) -> Option<String> {
    let wanted = |point: &PointId| match &request.selection {
        Selection::Latest => point > chosen,
        Selection::At(at) => point > chosen && moment_of(point).is_some_and(|taken| taken <= *at),
        Selection::Point(_) | Selection::Commit(_) => false,
    };
    let complete = survey.points();
    let known = request
        .known
        .keys()
        .filter(|point| !complete.contains(point) && wanted(point))
        .max();
    let orphans = survey
        .holdings
        .iter()
        .flat_map(|(_, names)| names.keys())
        .filter_map(|name| {
            let (point, _) = object_key::part(name)?;
            (!complete.contains(&point) && wanted(&point)).then_some(point)
        });
    let point = orphans.max().max(known.cloned())?;
    let remotes: Vec<&str> = survey
        .holdings
        .iter()
        .map(|(remote, _)| remote.as_str())
        .collect();
    Some(format!(
        "the newest backup, {point}, is not whole: its upload was cut short, or a part of it was deleted ({} is missing \
         on {})",
        manifest_name(&point, request.known.get(&point)),
        remotes.join(", ")
    ))
}

/// The manifest's full name when this server knows it, and else what is certain of it.
fn manifest_name(point: &PointId, known: Option<&String>) -> String {
    known
        .cloned()
        .unwrap_or_else(|| format!("{}*.json.pgp", object_key::manifest_prefix(point)))
}

/// Reads a moment: RFC 3339, or `2026-11-22 09:14[:05]` in the owner's time zone.
///
/// # Errors
/// A sentence when it is neither, or when the zone's clock showed that time never or twice.
pub fn parse_moment(text: &str, zone: &TimeZone) -> Result<UnixMillis, String> {
    let text = text.trim();
    if let Ok(timestamp) = Timestamp::from_str(text) {
        return Ok(UnixMillis(timestamp.as_millisecond()));
    }
    let forms = [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M",
    ];
    let local = forms.iter().find_map(|form| civil::DateTime::strptime(form, text).ok()).ok_or_else(|| {
        let short: String = text.chars().take(60).collect();
        format!("'{short}' is no moment; write '2026-11-22 09:14', '2026-11-22 09:14:05' or 2026-11-22T02:14:05Z")
    })?;
    match zone.to_ambiguous_zoned(local).unambiguous() {
        Ok(zoned) => Ok(UnixMillis(zoned.timestamp().as_millisecond())),
        Err(_) => Err(format!(
            "the clock of {} showed {local} never or twice, since it was put forward or back; write the moment with \
             its offset, for example {local}+07:00",
            zone.iana_name().unwrap_or("the owner's time zone")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(text: &str) -> PointId {
        PointId::parse(text).unwrap()
    }

    fn points() -> BTreeSet<PointId> {
        ["20261122T091400Z-00000001", "20261122T101400Z-00000002"]
            .map(point)
            .into_iter()
            .collect()
    }

    fn millis(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn the_newest_point_not_after_the_moment_is_meant() {
        let at = |text| choose(&points(), &Selection::At(millis(text)));
        assert_eq!(at("2026-11-22T10:14:00Z"), Ok(point("20261122T101400Z-00000002")));
        assert_eq!(at("2026-11-22T10:13:59Z"), Ok(point("20261122T091400Z-00000001")));
        assert!(
            at("2026-11-22T09:13:59Z")
                .unwrap_err()
                .contains("20261122T091400Z-00000001")
        );
        assert_eq!(
            choose(&points(), &Selection::Latest),
            Ok(point("20261122T101400Z-00000002"))
        );
        assert!(choose(&BTreeSet::new(), &Selection::Latest).is_err());
    }

    #[test]
    fn a_moment_without_an_offset_is_in_the_owners_time_zone() {
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        let wanted = Ok(millis("2026-11-22T02:14:00Z"));
        for text in [
            "2026-11-22 09:14",
            "2026-11-22 09:14:00",
            "2026-11-22T02:14:00Z",
            "2026-11-22T09:14:00+07:00",
        ] {
            assert_eq!(parse_moment(text, &jakarta), wanted, "{text}");
        }
    }

    #[test]
    fn a_moment_that_never_was_or_was_twice_is_refused() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for text in [
            "2026-03-29 02:30",
            "2026-10-25 02:30",
            "yesterday",
            "2026-13-01 00:00",
            "",
        ] {
            assert!(parse_moment(text, &berlin).is_err(), "{text} was accepted");
        }
    }
}
