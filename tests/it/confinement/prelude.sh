# What probes use. `through` tells that something succeeded; its word stands in no script as it is
# printed, so that a shell that quotes a script says nothing.
through() { echo "got-""THROUGH $*"; }
ended() { echo "it-""ended"; }
py() { "$P" -B -; }
export D="$A/data" C="$A/config"
