package import IKECore

/// One fault of one host, planted on purpose: in its data plane, between the engine and its surroundings, or in the engine.
package struct PlantedFault: Sendable, CustomStringConvertible {
    private enum Place: Sendable {
        case dataPlane(DataPlaneFault)
        case host(MessageFault.Kind)
        case engine(Impairments)
    }

    package let description: String
    private let place: Place

    package static let all: [PlantedFault] =
        Impairments.all.map { PlantedFault(description: "engine: \($0.name)", place: .engine($0.impairment)) }
        + MessageFault.Kind.allCases.map { PlantedFault(description: "host: \($0.rawValue)", place: .host($0)) }
        + DataPlaneFault.allCases.map { PlantedFault(description: "data plane: \($0.rawValue)", place: .dataPlane($0)) }

    /// What the engine of the host that is to have the fault begins with.
    package func impair(_ settings: inout Settings) {
        if case .engine(let impairment) = place { settings.impairments.insert(impairment) }
    }

    /// Plants the fault in what surrounds the engine of `host`.
    package func plant(in host: Host) {
        switch place {
        case .dataPlane(let fault): host.dataPlane.faults.insert(fault)
        case .host(let kind): host.fault = MessageFault(kind)
        case .engine: break
        }
    }
}

/// How a fault came to light.
package struct Discovery: Sendable {
    package let fault: PlantedFault
    /// Schedules that were run, the last of which showed it.
    package let runs: Int
    /// What it violated; nil if nothing was noticed.
    package let violation: Violation?

    /// Runs schedules whose first host has the fault, until a property notices.
    package init(of fault: PlantedFault, mostRuns: Int) {
        self.fault = fault
        for run in 1...mostRuns {
            if let violation = Schedule(seed: UInt64(run), fault: fault).run().violations.first {
                self.runs = run
                self.violation = violation
                return
            }
        }
        runs = mostRuns
        violation = nil
    }
}
