// Growable typed arrays: a run of 50 000 events is kept in columns, not in objects.

type Cells = Float64Array | Int32Array | Uint8Array;

/** One growing column of numbers. */
export class Column<A extends Cells> {
  length = 0;

  constructor(private cells: A) {}

  /** The cell at i; 0 past the end. */
  at(i: number): number {
    return this.cells[i] ?? 0;
  }

  set(i: number, value: number): void {
    this.cells[i] = value;
  }

  push(value: number): void {
    if (this.length === this.cells.length) {
      const Larger = this.cells.constructor as new (n: number) => A;
      const larger = new Larger(this.cells.length * 2);
      larger.set(this.cells as never);
      this.cells = larger;
    }
    this.cells[this.length++] = value;
  }

  /** The first index whose cell is at least value; the column must not fall. */
  lowerBound(value: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export const floats = (): Column<Float64Array> => new Column(new Float64Array(256));
export const ints = (): Column<Int32Array> => new Column(new Int32Array(256));
export const octets = (): Column<Uint8Array> => new Column(new Uint8Array(256));
