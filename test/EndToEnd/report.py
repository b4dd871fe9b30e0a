"""What a test of many cases prints, and its exit status."""


def report(results, what):
    """`results`: pairs of a case's name and what is wrong with it, empty where nothing is."""
    faults = count = 0
    for name, fault in results:
        count += 1
        if fault:
            print(f"{name}: {fault}")
            faults += 1
    print(f"{count} {what}, {faults} faults")
    return 1 if faults else 0
