use serde::Serialize;

use crate::record::Record;

/// One of the runs that are compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// How it is called here: the machine's label, with the time of the run where labels are alike.
    pub name: String,
    /// The run's id.
    pub id: String,
    /// The cores that it could use.
    pub cores: u64,
    /// What an hour costs.
    pub price: Option<f64>,
}

/// The runs, each under a name that no other has.
pub(super) fn places(records: &[Record], prices: &[Option<f64>]) -> Vec<Place> {
    let alike = |record: &Record, of: fn(&Record) -> &String| {
        records.iter().filter(|other| of(other) == of(record)).count() > 1
    };
    let name = |(index, record): (usize, &Record)| {
        let info = &record.run;
        match (alike(record, |record| &record.run.label), alike(record, |record| &record.run.started_utc)) {
            (false, _) => info.label.clone(),
            (true, false) => format!("{} ({})", info.label, info.started_utc),
            (true, true) => format!("{} #{}", info.label, index + 1),
        }
    };
    let place = |(index, record): (usize, &Record)| Place {
        name: name((index, record)),
        id: record.run.id.clone(),
        cores: record.machine.cores,
        price: prices.get(index).copied().flatten().filter(|price| *price > 0.0),
    };
    records.iter().enumerate().map(place).collect()
}
