import SwanConf
import VICI

extension Section {
    /// The settings that a `load-conn` brings: the same keys as in a file, lists as lists.
    init(name: String, _ message: VICIMessage) {
        var settings: [Setting] = []
        var sections: [Section] = []
        for entry in message.entries {
            switch entry.element {
            case .value(let bytes):
                settings.append(Setting(key: entry.name, value: .text(String(decoding: bytes, as: UTF8.self))))
            case .list(let items):
                let texts = items.map { String(decoding: $0, as: UTF8.self) }
                settings.append(Setting(key: entry.name, value: .list(texts)))
            case .section(let section):
                sections.append(Section(name: entry.name, section))
            }
        }
        self.init(name: name, settings: settings, sections: sections)
    }
}
