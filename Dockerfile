# The package on a CPU:
#   docker build --tag formation-mlp .
#   docker run --rm formation-mlp predict Fe2O3
#   docker run --rm --volume "$PWD:/data" --workdir /data formation-mlp predict --csv in.csv --out out.csv
# The two commands of the README:
#   docker run --rm --entrypoint bash formation-mlp scripts/demo.sh
#   docker run --rm --entrypoint bash formation-mlp scripts/test.sh
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 user && mkdir /opt/formation_mlp && chown user /opt/formation_mlp
USER 1000
WORKDIR /opt/formation_mlp
COPY --chown=1000 constraints.txt .
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --constraint constraints.txt torch \
    --index-url https://download.pytorch.org/whl/cpu
COPY --chown=1000 . .
RUN bash -c '. scripts/_environment.sh && prepare_environment'

ENV PATH="/opt/formation_mlp/.venv/bin:$PATH"
ENTRYPOINT ["formation-mlp"]
