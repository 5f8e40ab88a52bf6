//! What a colony has beside its documents: signals and traces, surveys, events, and agents written in Python.

use crate::call::Call;
use crate::column::{Cells as Buffered, Column};
use crate::error::Result;
use crate::rows::life::{AnomalyRow, DiffRow, EventRow, FadingRow, KindRow, PopulationRow, cells_of};
use crate::rows::rows;
use crate::rows::surveys::InsightsRow;
use crate::runtime::brief;
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::field::{self, Class};
use phago_core::ids::NodeId;
use phago_core::life::{Acted, Cells, KindActed, Life, Spawn, Type};
use phago_core::read::Neighbor;
use phago_core::sentinel::Rule;
use phago_engine::host::colony::Colony;
use phago_engine::host::process::Home;
use phago_engine::views::GraphView;
use phago_engine::world::World;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

/// (name, what it holds)
type Spec = (String, String);
/// The column, the rows as 32-bit integers in bytes, and the values.
type Changed<'py> = (u32, Vec<u8>, Bound<'py, PyAny>);
/// The kind; what changes; the rows that end; the rows of parents, and the values of what they bear.
type KindChose<'py> = (String, Vec<Changed<'py>>, Vec<u32>, Vec<u32>, Vec<Bound<'py, PyAny>>);
/// The class, the name, the concepts and their amounts.
type Emitted<'py> = (String, String, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// What one colony has beside its documents.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Living(Home<Arc<Colony>>);

impl Living {
    pub(crate) fn over(colony: Arc<Colony>) -> Self {
        Living(Home::new(colony))
    }

    fn world(&self) -> phago_core::Result<&Arc<World>> {
        Ok(&self.0.get()?.world)
    }

    fn call<T>(&self, work: impl FnOnce(&World, &Cancel) -> phago_core::Result<T> + Send + 'static) -> Result<Call>
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        let world = self.world()?.clone();
        Ok(Call::new(move |cancel| work(&world, cancel)))
    }
}

#[pymethods]
impl Living {
    fn insights(&self) -> Result<Call> {
        self.call(|world, cancel| Ok(InsightsRow::from(world.insights(cancel)?)))
    }

    fn survey(&self) -> Result<Call> {
        self.call(|world, cancel| Ok(InsightsRow::from(world.survey(cancel)?)))
    }

    fn anomalies(&self, drifting: bool) -> Result<Call> {
        let rule = if drifting { Rule::DRIFTING } else { Rule::STEADY };
        self.call(move |world, cancel| {
            let found = world.anomalies(rule, cancel)?;
            Ok(rows::<AnomalyRow, _>(found.what.iter().map(|anomaly| (&found, anomaly))))
        })
    }

    fn events(&self, since: u64) -> Result<Call> {
        self.call(move |world, cancel| Ok(rows::<EventRow, _>(world.events(since, cancel)?)))
    }

    fn fading(&self, top: usize) -> Result<Call> {
        self.call(move |world, cancel| Ok(rows::<FadingRow, _>(world.fading(top, cancel)?)))
    }

    fn difference(&self, since: u64, until: u64) -> Result<Call> {
        self.call(move |world, cancel| Ok(DiffRow::from(world.difference(since, until, cancel)?)))
    }

    #[getter]
    fn events_end(&self) -> Result<u64> {
        Ok(self.world()?.events_end())
    }

    fn emit(&self, of: &str, name: String, label: String, amount: f64) -> Result<Call> {
        let class = class_of(of)?;
        self.call(move |world, _| world.emit(class, &name, &label, amount).map(|()| None::<bool>))
    }

    fn pin(&self, label: String, is_pinned: bool) -> Result<Call> {
        self.call(move |world, _| world.pin(&label, is_pinned).map(|()| None::<bool>))
    }

    fn pins(&self) -> Result<Call> {
        self.call(|world, cancel| world.pins(cancel))
    }

    fn marks(&self) -> Result<Call> {
        self.call(|world, _| {
            let marks = world.marks()?.into_iter();
            Ok(marks.map(|(class, name, count)| (class_name(class), name, count)).collect::<Vec<_>>())
        })
    }

    fn field(&self, of: &str, name: String) -> Result<Call> {
        let class = class_of(of)?;
        self.call(move |world, cancel| world.field(class, &name, cancel))
    }

    // --- agents ---

    fn census(&self, py: Python<'_>) -> Result<Census> {
        let world = self.world()?;
        brief(py, || world.read(|state| Census(state.commons().life().clone(), state.tick())))
    }

    fn digesters(&self, py: Python<'_>) -> Result<Vec<(String, u64)>> {
        let world = self.world()?;
        brief(py, || {
            world.read(|state| {
                let living = state.commons().digesters().iter();
                living.map(|id| (format!("{:032x}", id.key()), id.birth)).collect()
            })
        })
    }

    fn concept(&self, py: Python<'_>, label: &str) -> Result<Option<String>> {
        let world = self.world()?;
        brief(py, || Ok(world.known_concept(label)?.map(|id| id.to_string())))
    }

    fn spawn(&self, kind: String, columns: Vec<Spec>, count: u32, cells: Vec<Bound<'_, PyAny>>) -> Result<Call> {
        let columns = columns
            .into_iter()
            .map(|(name, of)| Ok((name.into_boxed_str(), type_of(&of)?)))
            .collect::<PyResult<Vec<_>>>()?;
        let cells = columns.iter().zip(&cells).map(|((_, of), cells)| read_cells(*of, cells, None));
        let spawn = Spawn { kind: kind.into(), count, cells: cells.collect::<PyResult<_>>()?, columns };
        self.call(move |world, _| {
            let ids = world.spawn(spawn)?;
            Ok(ids.into_iter().map(|id| format!("{:032x}", id.key())).collect::<Vec<_>>())
        })
    }

    fn dismiss(&self, kind: String) -> Result<Call> {
        self.call(move |world, _| world.dismiss(kind.into()).map(|()| None::<bool>))
    }

    #[allow(clippy::too_many_arguments)] // As Python names them.
    #[pyo3(signature = (sensed, kinds, emissions, dissolved, seen, view=None))]
    fn choose(
        &self,
        py: Python<'_>,
        sensed: u64,
        kinds: Vec<KindChose<'_>>,
        emissions: Vec<Emitted<'_>>,
        dissolved: Vec<(String, u32, Bound<'_, PyAny>)>,
        seen: &Bound<'_, Census>,
        view: Option<&Bound<'_, AgentView>>,
    ) -> Result<()> {
        let world = self.world()?;
        let view = view.map(|view| &view.get().0);
        let mut acted = Acted { sensed, ..Acted::default() };
        for (kind, changes, deaths, parents, born) in kinds {
            let found = seen.get().0.population().kind(&kind);
            let columns = found.map(|found| found.columns().to_vec()).unwrap_or_default();
            let mut choices = KindActed { deaths, parents, ..KindActed::default() };
            for (column, rows, to) in changes {
                let Some((_, of)) = columns.get(column as usize) else {
                    return Err(PyValueError::new_err(format!("no column {column} of `{kind}`")).into());
                };
                let rows = rows.chunks_exact(4).map(|row| u32::from_le_bytes([row[0], row[1], row[2], row[3]]));
                choices.changes.push((column, rows.collect(), Some(read_cells(*of, &to, view)?)));
            }
            for ((_, of), cells) in columns.iter().zip(&born) {
                choices.born.push(read_cells(*of, cells, view)?);
            }
            acted.kinds.insert(kind.into(), choices);
        }
        for (kind, row, concepts) in dissolved {
            let Cells::Concept(mut concepts) = read_cells(Type::Concept, &concepts, view)? else { continue };
            concepts.sort_unstable();
            concepts.dedup();
            acted.kinds.entry(kind.into()).or_default().dissolved.push((row, concepts));
        }
        for (class, name, concepts, amounts) in emissions {
            let of = field::Type::new(class_of(&class)?, &name)?;
            let Cells::Concept(concepts) = read_cells(Type::Concept, &concepts, view)? else { continue };
            let Cells::Real(amounts) = read_cells(Type::Real, &amounts, view)? else { continue };
            let marks = concepts.into_iter().zip(amounts).filter(|(concept, _)| *concept != 0);
            marks.into_iter().try_for_each(|(concept, by)| acted.emissions.emit(&of, NodeId(concept), by))?;
        }
        let seen = &seen.get().0;
        brief(py, || world.choose_seeing(Some(acted), Some(seen)))
    }

    /// Forgets what was chosen for the next tick.
    fn unchoose(&self, py: Python<'_>) -> Result<()> {
        let world = self.world()?;
        brief(py, || world.choose(None))
    }

    /// Returns the synapses of concepts by id, heaviest first, as (id, label, weight).
    fn neighbors(&self, py: Python<'_>, id: &str) -> Result<Vec<(String, String, f64)>> {
        let Some(id) = concept_id(id) else { return Ok(Vec::new()) };
        let world = self.world()?;
        brief(py, || {
            let found = world.neighbors_of(NodeId(id), &Cancel::new())?;
            Ok(found.into_iter().map(|one| (one.id.to_string(), one.label.to_string(), one.weight)).collect())
        })
    }

    /// Returns the neighbour of a concept with most of a signal, of equal ones that over the heaviest synapse.
    fn strongest(&self, py: Python<'_>, id: &str, signal: &str) -> Result<Option<(String, String, f64)>> {
        let Some(id) = concept_id(id) else { return Ok(None) };
        let (world, of) = (self.world()?, field::Type::new(Class::Signal, signal)?);
        brief(py, || {
            let found = world.neighbors_of(NodeId(id), &Cancel::new())?;
            world.read(|state| {
                let (field, tick) = (state.commons().life().field(), state.tick());
                let level = |one: &Neighbor| field.level(&of, one.id, tick);
                // The heaviest comes first, and stays the best among equal ones.
                let best = found.into_iter().reduce(|best, one| if level(&one) > level(&best) { one } else { best });
                best.map(|one| (one.id.to_string(), one.label.to_string(), one.weight))
            })
        })
    }

    /// Returns how much of a mark is on each concept that has it, by id.
    fn levels(&self, py: Python<'_>, of: &str, name: &str) -> Result<Vec<(String, f64)>> {
        let (world, of) = (self.world()?, field::Type::new(class_of(of)?, name)?);
        brief(py, || {
            world.read(|state| {
                let levels = state.commons().life().field().levels(&of, state.tick()).into_iter();
                levels.map(|(concept, level)| (concept.to_string(), field::from_fixed(level))).collect()
            })
        })
    }

    /// Returns the committed graph and field for agents that work on arrays.
    fn view(&self) -> Result<Call> {
        let asked = self.world()?.clone();
        self.call(move |world, cancel| Ok(AgentView(Arc::new(world.graph_view(cancel)?), asked)))
    }
}

/// All agents of users' own at one moment.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Census(Arc<Life>, u64);

#[pymethods]
impl Census {
    fn kinds(&self) -> Vec<KindRow> {
        rows(self.0.population().kinds())
    }

    fn population(&self, py: Python<'_>, kind: &str) -> Result<Option<PopulationRow>> {
        let Some(found) = self.0.population().kind(kind) else { return Ok(None) };
        let births = found.ids().iter().map(|id| id.birth).collect();
        let ids = found.ids().iter().map(|id| format!("{:032x}", id.key())).collect();
        let names = found.columns().iter().map(|(name, _)| name.to_string()).collect();
        let cells = found.cells().iter().map(|cells| cells_of(py, cells)).collect::<PyResult<_>>()?;
        Ok(Some(PopulationRow { tick: self.1, ids, births, names, cells }))
    }
}

/// The committed graph and field of one tick, by the places of concepts in the order of their ids.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct AgentView(Arc<GraphView>, Arc<World>);

#[pymethods]
impl AgentView {
    #[getter]
    fn tick(&self) -> u64 {
        self.0.tick()
    }

    fn census(&self) -> Census {
        Census(self.0.life().clone(), self.0.tick())
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn labels(&self, py: Python<'_>, places: Vec<usize>) -> Result<Vec<String>> {
        brief(py, || self.1.labels_at(&self.0, &places, &Cancel::new()))
    }

    fn starts(&self) -> Column {
        Column::new(Buffered::integers(self.0.starts().iter().map(|at| *at as i64).collect()))
    }

    fn targets(&self) -> Column {
        Column::new(Buffered::integers(self.0.targets().iter().map(|at| i64::from(*at)).collect()))
    }

    fn weights(&self) -> Column {
        Column::new(Buffered::numbers(self.0.weights().to_vec()))
    }

    fn levels(&self, of: &str, name: &str) -> Result<Column> {
        let of = field::Type::new(class_of(of)?, name)?;
        Ok(Column::new(Buffered::numbers(self.0.levels(&of))))
    }

    /// Returns a column of a kind as an array, concepts as places and -1 for none.
    fn column(&self, kind: &str, column: usize) -> Result<Column> {
        let cells = self.0.column(kind, column);
        let cells = cells.ok_or_else(|| PyValueError::new_err(format!("no column {column} of `{kind}`")))?;
        Ok(Column::new(match cells {
            Cells::Int(cells) => Buffered::integers(cells),
            Cells::Real(cells) => Buffered::numbers(cells),
            Cells::Flag(cells) => Buffered::integers(cells.into_iter().map(i64::from).collect()),
            Cells::Concept(cells) => Buffered::integers(self.0.places(&cells)),
        }))
    }

    /// Returns chance from 0 to 1 for each agent of a kind.
    fn chance(&self, kind: &str, number: u64) -> Column {
        Column::new(Buffered::numbers(self.0.chance(kind, number)))
    }

    /// Returns where walkers at these places go: see `phago.Walkers`.
    fn walk(&self, py: Python<'_>, kind: &str, homes: &[u8], signal: &str, explore: f64) -> Result<Column> {
        let of = field::Type::new(Class::Signal, signal)?;
        let homes: Vec<i64> = integers(homes);
        let to = brief(py, || Ok(self.0.walk(kind, &homes, &of, explore)))?;
        Ok(Column::new(Buffered::integers(to)))
    }
}

fn integers(bytes: &[u8]) -> Vec<i64> {
    bytes.chunks_exact(8).map(|eight| i64::from_le_bytes(eight.try_into().expect("eight bytes"))).collect()
}

// Reads a column: bytes in the order of this machine, or a list.
fn read_cells(of: Type, cells: &Bound<'_, PyAny>, view: Option<&Arc<GraphView>>) -> PyResult<Cells> {
    if let Ok(bytes) = cells.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        return match (of, view) {
            (Type::Int, _) => Ok(Cells::Int(integers(bytes))),
            (Type::Real, _) => {
                Ok(Cells::Real(integers(bytes).into_iter().map(|bits| f64::from_bits(bits as u64)).collect()))
            }
            (Type::Flag, _) => Ok(Cells::Flag(bytes.iter().map(|byte| *byte != 0).collect())),
            (Type::Concept, Some(view)) => match view.concepts(&integers(bytes)) {
                Some(concepts) => Ok(Cells::Concept(concepts)),
                None => Err(PyValueError::new_err("a concept is a place in the view, or -1 for none")),
            },
            (Type::Concept, None) => Err(PyValueError::new_err("places of concepts need a view")),
        };
    }
    Ok(match of {
        Type::Int => Cells::Int(cells.extract()?),
        Type::Real => Cells::Real(cells.extract()?),
        Type::Flag => Cells::Flag(cells.extract()?),
        Type::Concept => {
            let ids: Vec<Option<String>> = cells.extract()?;
            let parse = |id: Option<String>| match id {
                None => Ok(0),
                Some(id) => {
                    concept_id(&id).ok_or_else(|| PyValueError::new_err(format!("`{id}` is no id of a concept")))
                }
            };
            Cells::Concept(ids.into_iter().map(parse).collect::<PyResult<_>>()?)
        }
    })
}

fn concept_id(digits: &str) -> Option<u128> {
    let fits = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fits { u128::from_str_radix(digits, 16).ok() } else { None }
}

fn type_of(name: &str) -> PyResult<Type> {
    match name {
        "int" => Ok(Type::Int),
        "float" => Ok(Type::Real),
        "bool" => Ok(Type::Flag),
        "concept" => Ok(Type::Concept),
        other => Err(PyValueError::new_err(format!("`{other}` is no type of a column"))),
    }
}

fn class_of(name: &str) -> Result<Class> {
    match name {
        "signal" => Ok(Class::Signal),
        "trace" => Ok(Class::Trace),
        other => {
            let (field, value) = ("of".to_owned(), format!("`{other}`"));
            Err(Error::Config { field, value, accepted: "signal or trace".into() }.into())
        }
    }
}

pub(crate) fn class_name(class: Class) -> &'static str {
    match class {
        Class::Signal => "signal",
        Class::Trace => "trace",
    }
}

/// Returns chance from 0 to 1 that these alone decide.
#[pyfunction]
pub(crate) fn chance(seed: u64, agent: &str, tick: u64, number: u64) -> f64 {
    phago_engine::views::chance(seed, concept_id(agent).unwrap_or(0), tick, number)
}
