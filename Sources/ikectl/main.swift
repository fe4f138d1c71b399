import Control
import Glibc

let environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
let code = Control.run(
    Array(CommandLine.arguments.dropFirst()),
    environment: environment,
    console: .standard(environment: environment)
)
exit(code.rawValue)
