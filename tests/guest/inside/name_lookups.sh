# Prints for each name: what it resolves to, and the milliseconds that this took.
for name in karachi 10.0.0.5 10.0.0.77 nowhere.example; do
    began=$(date +%s%N)
    found=$(getent hosts "$name" | awk '{ print $1, $2 }')
    echo "$name: ${found:-none} in $((($(date +%s%N) - began) / 1000000)) ms"
done
