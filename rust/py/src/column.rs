//! Columns of a snapshot, shared with other libraries through the buffer protocol and through Arrow.

use crate::error::Result;
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_data::ArrayData;
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::DataType;
use arrow_schema::ffi::FFI_ArrowSchema;
use pyo3::exceptions::{PyBufferError, PyIndexError, PyRuntimeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The cells. Clones share them.
#[derive(Clone)]
pub(crate) enum Cells {
    Integers(ScalarBuffer<i64>),
    Numbers(ScalarBuffer<f64>),
    /// The offsets at which texts end, and the bytes. Offsets are 64 bits wide, because ids of 32 bytes exceed 2 GiB
    /// first.
    Texts(OffsetBuffer<i64>, Buffer),
}

impl Cells {
    /// Returns a column of texts.
    pub(crate) fn texts<T: AsRef<str>>(cells: impl Iterator<Item = T>) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), vec![0]);
        for cell in cells {
            bytes.extend_from_slice(cell.as_ref().as_bytes());
            ends.push(bytes.len() as i64);
        }
        Cells::Texts(OffsetBuffer::new(ends.into()), bytes.into())
    }

    pub(crate) fn integers(cells: Vec<i64>) -> Self {
        Cells::Integers(cells.into())
    }

    pub(crate) fn numbers(cells: Vec<f64>) -> Self {
        Cells::Numbers(cells.into())
    }

    fn len(&self) -> usize {
        match self {
            Cells::Integers(cells) => cells.len(),
            Cells::Numbers(cells) => cells.len(),
            Cells::Texts(offsets, _) => offsets.len() - 1,
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Cells::Integers(_) => DataType::Int64,
            Cells::Numbers(_) => DataType::Float64,
            Cells::Texts(..) => DataType::LargeUtf8,
        }
    }

    fn array(&self) -> Result<ArrayData> {
        let array = ArrayData::builder(self.data_type()).len(self.len());
        let array = match self {
            Cells::Integers(cells) => array.add_buffer(cells.inner().clone()),
            Cells::Numbers(cells) => array.add_buffer(cells.inner().clone()),
            Cells::Texts(offsets, bytes) => array.add_buffer(offsets.inner().inner().clone()).add_buffer(bytes.clone()),
        };
        Ok(array.build().map_err(|error| PyRuntimeError::new_err(error.to_string()))?)
    }

    fn cell<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Cells::Integers(cells) => Ok(cells[index].into_pyobject(py)?.into_any()),
            Cells::Numbers(cells) => Ok(cells[index].into_pyobject(py)?.into_any()),
            Cells::Texts(offsets, bytes) => {
                let text = &bytes[offsets[index] as usize..offsets[index + 1] as usize];
                // Made of strings, so it is valid UTF-8 and nothing is replaced.
                Ok(String::from_utf8_lossy(text).into_pyobject(py)?.into_any())
            }
        }
    }
}

/// A column of a snapshot.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Column {
    cells: Cells,
    // The buffer protocol hands out pointers to these, so they live as long as the column.
    shape: ffi::Py_ssize_t,
}

impl Column {
    pub(crate) fn new(cells: Cells) -> Self {
        let shape = cells.len() as ffi::Py_ssize_t;
        Column { cells, shape }
    }
}

const WIDTH: ffi::Py_ssize_t = 8;
static STRIDE: ffi::Py_ssize_t = WIDTH;
const INTEGER: &CStr = c"q";
const NUMBER: &CStr = c"d";

#[pymethods]
impl Column {
    #[getter]
    fn dtype(&self) -> &'static str {
        match self.cells {
            Cells::Integers(_) => "int64",
            Cells::Numbers(_) => "float64",
            Cells::Texts(..) => "str",
        }
    }

    fn __len__(&self) -> usize {
        self.cells.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: isize) -> PyResult<Bound<'py, PyAny>> {
        let count = self.cells.len();
        let place = if index < 0 { count.checked_sub(index.unsigned_abs()) } else { Some(index as usize) };
        match place {
            Some(place) if place < count => self.cells.cell(py, place),
            _ => Err(PyIndexError::new_err(format!("index {index} is out of range for a column of {count}"))),
        }
    }

    fn __iter__(slf: Bound<'_, Self>) -> Cursor {
        Cursor { column: slf.unbind(), next: AtomicUsize::new(0) }
    }

    fn __reduce__(&self) -> PyResult<()> {
        let advice = "a Column cannot be pickled or copied, because it shares the memory of its snapshot; pickle its \
                      `to_list()` or an array of it instead";
        Err(PyTypeError::new_err(advice))
    }

    fn to_list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        match &self.cells {
            Cells::Integers(cells) => PyList::new(py, cells.iter()),
            Cells::Numbers(cells) => PyList::new(py, cells.iter()),
            Cells::Texts(..) => {
                let list = PyList::empty(py);
                for index in 0..self.cells.len() {
                    list.append(self.cells.cell(py, index)?)?;
                }
                Ok(list)
            }
        }
    }

    fn __repr__(&self) -> String {
        format!("Column({} of {})", self.cells.len(), self.dtype())
    }

    // Safety: Python calls this with a `view` that it owns and that may be written until this returns.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("there is no view to fill"));
        }
        // Whatever happens below, the protocol requires `obj` to be null on an error. Safety: `view` is not null, and
        // the caller owns it.
        unsafe { (*view).obj = ptr::null_mut() };
        let column = slf.get();
        if flags & ffi::PyBUF_WRITABLE == ffi::PyBUF_WRITABLE {
            return Err(PyBufferError::new_err("a column can only be read; copy it to change it"));
        }
        let (start, format): (*const c_void, &'static CStr) = match &column.cells {
            Cells::Integers(cells) => (cells.as_ptr().cast(), INTEGER),
            Cells::Numbers(cells) => (cells.as_ptr().cast(), NUMBER),
            Cells::Texts(..) => {
                let reason = "texts have no buffer; use `to_list()`, or a library that reads Arrow";
                return Err(PyBufferError::new_err(reason));
            }
        };
        let asked = |flag: c_int| flags & flag == flag;
        // Safety: every pointer stored here is to memory that lives as long as the column (`start`, `shape`) or
        // as the program (`format`, `strides`). The view holds a reference to the column (`obj`), which the caller
        // gives back with PyBuffer_Release. The column is frozen, its cells never move or change, and the view is
        // read-only; the pointers are mutable in type only, because the protocol has no other.
        unsafe {
            (*view).buf = start.cast_mut();
            (*view).len = column.shape * WIDTH;
            (*view).readonly = 1;
            (*view).itemsize = WIDTH;
            (*view).ndim = 1;
            (*view).format =
                if asked(ffi::PyBUF_FORMAT) { format.as_ptr().cast_mut() } else { ptr::null_mut::<c_char>() };
            (*view).shape =
                if asked(ffi::PyBUF_ND) { ptr::from_ref(&column.shape).cast_mut() } else { ptr::null_mut() };
            (*view).strides =
                if asked(ffi::PyBUF_STRIDES) { ptr::from_ref(&STRIDE).cast_mut() } else { ptr::null_mut() };
            (*view).suboffsets = ptr::null_mut();
            (*view).internal = ptr::null_mut();
            (*view).obj = slf.into_any().into_ptr();
        }
        Ok(())
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.cells.data_type())
            .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        Ok(PyCapsule::new_with_value(py, schema, c"arrow_schema")?)
    }

    // The protocol lets a producer answer a requested schema with its own; the consumer casts.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> Result<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let _ = requested_schema;
        let array = py.detach(|| self.cells.array().map(|array| FFI_ArrowArray::new(&array)))?;
        Ok((self.__arrow_c_schema__(py)?, PyCapsule::new_with_value(py, array, c"arrow_array")?))
    }
}

/// An iterator over the cells of a column.
#[pyclass(frozen, module = "phago._phago")]
struct Cursor {
    column: Py<Column>,
    next: AtomicUsize,
}

#[pymethods]
impl Cursor {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let cells = &self.column.get().cells;
        // Past the end it keeps counting, which takes longer to wrap than any caller iterates.
        let place = self.next.fetch_add(1, Ordering::Relaxed);
        if place < cells.len() { cells.cell(py, place).map(Some) } else { Ok(None) }
    }
}
