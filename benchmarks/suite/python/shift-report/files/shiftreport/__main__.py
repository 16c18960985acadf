import sys

from .report import html_report, text_report


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("text", "html"):
        print("usage: python -m shiftreport text|html FILE", file=sys.stderr)
        return 2
    report = text_report if arguments[0] == "text" else html_report
    sys.stdout.write(report(arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
