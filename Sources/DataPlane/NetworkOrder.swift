// Numbers in memory in network order, at any alignment.

extension UnsafeRawPointer {
    @inline(__always)
    func loadBig<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type, at offset: Int) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}

extension UnsafeMutableRawPointer {
    @inline(__always)
    func loadBig<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type, at offset: Int) -> Number {
        UnsafeRawPointer(self).loadBig(Number.self, at: offset)
    }

    @inline(__always)
    func storeBig<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number, at offset: Int) {
        storeBytes(of: number.bigEndian, toByteOffset: offset, as: Number.self)
    }
}
