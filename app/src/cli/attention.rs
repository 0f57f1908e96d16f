//! `retort attention`: where a model looks in a text, or two of them.

use retort_core::{
    Error, Result,
    platform::{self, Opened, Store},
    train::{self, Attending, Attention, Chain, Readers},
};

use super::{Exit, On, generate::alike, model, out, score::shade};

/// Shows where a model looks.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A Hugging Face directory, a .gguf file, or a model that comes with the program; or the directory of a run, over
    /// or not, whose teacher is then shown beside its student
    model: String,
    /// The text
    text: String,
    /// The second text of a pair, or the response
    #[arg(long, value_name = "TEXT")]
    pair: Option<String>,
    /// A second model of the same vocabulary, shown before the first
    #[arg(long, value_name = "MODEL")]
    teacher: Option<String>,
    /// Only this layer, counted from 1
    #[arg(long, value_name = "NUMBER")]
    layer: Option<usize>,
    /// Only this head, counted from 1; without it, the mean of a layer's heads
    #[arg(long, value_name = "NUMBER")]
    head: Option<usize>,
    /// Longest sequence in tokens
    #[arg(long, value_name = "TOKENS", default_value_t = 64)]
    max_length: usize,
    #[command(flatten)]
    on: On,
    /// Print everything as one line of JSON
    #[arg(long)]
    json: bool,
}

/// Prints the probabilities: all of them as JSON, or as blocks.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let opened = platform::open(arguments.on.device).await?;
    let told = match of_run(&arguments).await? {
        Some(store) => Chain::look(store, opened).await?.attention(&arguments.text, arguments.pair.as_deref()).await?,
        None => of_models(&arguments, &opened).await?,
    };
    if !told.models.iter().all(|model| has(model, &arguments)) {
        return Err(Error::input(
            "--layer, --head",
            "a layer and a head that every model has, counted from 1",
            "another",
        ));
    }
    match arguments.json {
        true => out::json(&told)?,
        false => print(&told, &arguments)?,
    }
    Ok(Exit::Fine)
}

/// The directory of a run, if that is what is named: it has its own teacher.
async fn of_run(arguments: &Arguments) -> Result<Option<Store>> {
    match Store::open_existing(&arguments.model).await {
        Ok(store) if arguments.teacher.is_none() && store.read(train::RUN).await?.is_some() => Ok(Some(store)),
        _ => Ok(None),
    }
}

async fn of_models(arguments: &Arguments, opened: &Opened) -> Result<Attention> {
    let student = model::any(&arguments.model, opened).await?;
    let teacher = match &arguments.teacher {
        Some(name) => Some(model::any(name, opened).await?),
        None => None,
    };
    if let Some(teacher) = &teacher {
        alike(&student, teacher)?;
    }
    let named = [teacher.as_ref(), Some(&student)].into_iter().flatten();
    let readers = Readers {
        models: named.map(|loaded| (loaded.name.clone(), &loaded.model)).collect(),
        tokenizer: &student.tokenizer,
        longest: arguments.max_length,
        device: &opened.device,
    };
    readers.attention(&arguments.text, arguments.pair.as_deref()).await
}

fn print(told: &Attention, arguments: &Arguments) -> Result<()> {
    for model in &told.models {
        out::line(format!("{}, a row for each token, a column for each token it looks at", model.who))?;
        for (layer, heads) in model.layers.iter().enumerate().filter(|(at, _)| chosen(arguments.layer, *at)) {
            let heads: Vec<_> = heads.iter().enumerate().filter(|(at, _)| chosen(arguments.head, *at)).collect();
            let Some(rows) = mean(&heads.iter().map(|(_, head)| *head).collect::<Vec<_>>()) else { continue };
            let what = match arguments.head {
                Some(head) => format!("head {head}"),
                None => format!("the mean of {} heads", heads.len()),
            };
            out::line(format!("\nlayer {}, {what}", layer + 1))?;
            for line in map(&told.tokens, &rows) {
                out::line(line)?;
            }
        }
        out::line("")?;
    }
    match told.cut {
        0 => Ok(()),
        cut => out::line(format!("The last {cut} tokens were cut off.")),
    }
}

fn chosen(number: Option<usize>, at: usize) -> bool {
    number.is_none_or(|number| number == at + 1)
}

/// Whether the model has the layer and the head that are asked for.
fn has(model: &Attending, arguments: &Arguments) -> bool {
    let mut layers = model.layers.iter().enumerate().filter(|(at, _)| chosen(arguments.layer, *at));
    layers.any(|(_, heads)| (0..heads.len()).any(|at| chosen(arguments.head, at)))
}

/// The mean of heads, number by number.
fn mean(heads: &[&Vec<Vec<f32>>]) -> Option<Vec<Vec<f32>>> {
    let first = heads.first()?;
    let at = |query: usize, key: usize| heads.iter().map(|head| head[query][key]).sum::<f32>() / heads.len() as f32;
    Some((0..first.len()).map(|query| (0..first[query].len()).map(|key| at(query, key)).collect()).collect())
}

/// A line for every token: blocks, and where it looks most.
fn map(tokens: &[String], rows: &[Vec<f32>]) -> Vec<String> {
    let names: Vec<String> = tokens.iter().map(|token| token.trim().replace('\n', "↵")).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let line = |(name, row): (&String, &Vec<f32>)| {
        let blocks: String = row.iter().map(|&share| shade(share.into())).collect();
        let most = (1..row.len()).fold(0, |best, key| if row[key] > row[best] { key } else { best });
        format!("{name:>width$} |{blocks}|  {:.2} {}", row[most], names[most])
    };
    names.iter().zip(rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_has_a_line_with_where_it_looks_most() {
        let heads = [vec![vec![1.0, 0.0], vec![0.0, 1.0]], vec![vec![0.5, 0.5], vec![0.0, 1.0]]];
        let rows = mean(&[&heads[0], &heads[1]]).unwrap();
        assert_eq!(rows, [[0.75, 0.25], [0.0, 1.0]]);
        let lines = map(&["a".to_owned(), " dog".to_owned()], &rows);
        assert_eq!(lines, ["  a |▆▂|  0.75 a", "dog | █|  1.00 dog"]);
    }
}
