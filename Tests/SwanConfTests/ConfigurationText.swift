import SwanConf
import Testing

/// The smallest connection, with more settings for itself and for its child.
func configurationText(connection: String = "", child: String = "", local: String = "", remote: String = "") -> String {
    """
    connections {
      gw {
        local { auth = psk
          \(local)
        }
        remote { auth = psk
          \(remote)
        }
        \(connection)
        children {
          net {
            \(child)
          }
        }
      }
    }
    secrets { ike { secret = s } }
    """
}

/// The one connection of ``configurationText(connection:child:local:remote:)``.
func readConnection(
    _ connection: String = "",
    child: String = "",
    local: String = "",
    remote: String = ""
) throws -> ConnectionConfiguration {
    let text = configurationText(connection: connection, child: child, local: local, remote: remote)
    return try #require(try Configuration(parsing: text, file: "iked.conf").connections.first)
}

func readChild(_ settings: String) throws -> ChildConfiguration {
    try #require(try readConnection(child: settings).children.first)
}

/// The error that a configuration is refused with.
func configurationError(_ text: String) throws -> ConfigurationError {
    try #require(throws: ConfigurationError.self) { try Configuration(parsing: text, file: "iked.conf") }
}
