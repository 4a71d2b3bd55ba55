use serde::Serialize;

use crate::record::Record;
use crate::report::text;

/// How much of a label stands before what tells it from one that is alike. The name as it is read is cut at its end.
const LABEL: usize = 32;

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

/// The runs, each under a name that no other has, as they are read.
pub(crate) fn places(records: &[Record], prices: &[Option<f64>]) -> Vec<Place> {
    let alike = |record: &Record, of: fn(&Record) -> &String| {
        records.iter().filter(|other| text::name(of(other)) == text::name(of(record))).count() > 1
    };
    let name = |(index, record): (usize, &Record)| {
        let info = &record.run;
        let label = text::clip(&info.label, LABEL);
        match (alike(record, |record| &record.run.label), alike(record, |record| &record.run.started_utc)) {
            (false, _) => info.label.clone(),
            (true, false) => format!("{label} ({})", text::clip(&info.started_utc, 25)),
            (true, true) => format!("{label} #{}", index + 1),
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
