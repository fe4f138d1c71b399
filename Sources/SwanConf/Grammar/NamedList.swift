/// A list whose elements are found by their names, each of which is there once. A short one is looked through, which is faster
/// than to keep a dictionary.
struct NamedList<Element> {
    private(set) var elements: [Element] = []
    private var names: [String] = []
    /// Where the names stand, once they are more than a few.
    private var positions: [String: Int] = [:]

    private static var few: Int { 8 }

    func position(of name: String) -> Int? {
        names.count <= Self.few ? names.firstIndex(of: name) : positions[name]
    }

    subscript(name: String) -> Element? { position(of: name).map { elements[$0] } }

    /// Puts an element in the place of the one of its name, or at the end.
    mutating func set(_ name: String, _ element: Element) {
        if let position = position(of: name) {
            elements[position] = element
            return
        }
        elements.append(element)
        names.append(name)
        if names.count == Self.few + 1 {
            for (position, name) in names.enumerated() { positions[name] = position }
        } else if names.count > Self.few {
            positions[name] = names.count - 1
        }
    }
}
